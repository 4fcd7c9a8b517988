/** `cistern stat`: all that is known of objects, folders and buckets. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { report } from '../failures/report.ts';
import { describe } from '../listing/describe.ts';
import type { Description, Known } from '../listing/describe.ts';
import { printable } from '../terminal/printable.ts';
import { formatBytes, formatTime } from '../terminal/sizes.ts';

interface StatFlags extends OutputFlags, ReachFlags, LiteralFlag {
  readonly version?: string;
}

export function command(cli: Cli): Command {
  const stat = new Command('stat')
    .description('Say all that is known of objects, folders and buckets.')
    .argument('<place...>', 'objects, folders, buckets, or patterns of objects')
    .option('--version <id>', 'a version that the bucket keeps')
    .addHelpText(
      'after',
      `
Examples:
  cistern stat s3://photos/2026/cat.jpg      size, times, etag, attributes, checksums
  cistern stat s3://photos                   a bucket: versioning, tags
  cistern stat --json 'prod:photos/*.jpg'    a document a line, for scripts`,
    );
  jsonOption(placeOptions(literalOption(stat)));
  return stat.action((places: string[], flags: StatFlags) => run(cli, places, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: StatFlags): Promise<void> {
  for (const text of texts) {
    try {
      for await (const description of describe(await cli.places(), text, flags, cli.signal)) {
        if (flags.json === true) await cli.out.json(description);
        else for (const line of toLines(description)) await cli.out.line(line);
      }
    } catch (error) {
      await report(cli, error);
    }
    if (cli.out.isClosed || cli.signal.aborted) return;
  }
}

/** The place, and below it a line for each thing that is known. */
function toLines(description: Description): string[] {
  const { place, ...rest } = description;
  const rows = Object.entries(rest).flatMap(([name, value]) => toRows(name, value));
  const width = Math.max(...rows.map(([name]) => name.length));
  // Values may come from anybody who writes to the store, and are for people here.
  return [printable(place), ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`)];
}

function toRows(name: string, value: Known): [name: string, text: string][] {
  if (typeof value === 'object') {
    const group = GROUPS[name];
    const known = Object.entries(value).flatMap(([key, one]) =>
      one === undefined ? [] : [[key, one] as const],
    );
    return known.map(([key, one]) => [group === undefined ? key : `${group} ${key}`, one]);
  }
  const title = TITLES[name] ?? name;
  if (value === undefined || value === '') return [];
  if (typeof value === 'number') return [[title, `${value} (${formatBytes(value)})`]];
  return [[title, TIMES.has(name) ? formatTime(new Date(value)) : value]];
}

const TIMES: ReadonlySet<string> = new Set(['lastModified', 'createdAt']);
const TITLES: Readonly<Record<string, string>> = {
  lastModified: 'changed',
  createdAt: 'made',
  contentType: 'content type',
  cacheControl: 'cache control',
  contentDisposition: 'disposition',
  contentEncoding: 'encoding',
  contentLanguage: 'language',
};
const GROUPS: Readonly<Record<string, string>> = { metadata: 'metadata', tags: 'tag' };
