/** `cistern ls`: buckets, and what is in a place. */

import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { expand } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { walk } from '../select/walk.ts';
import type { Found } from '../select/walk.ts';
import { formatBytes, formatTime } from '../terminal/sizes.ts';

interface LsFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly long?: true;
  readonly recursive?: true;
  readonly human?: true;
}

export function command(cli: Cli): Command {
  const ls = new Command('ls')
    .description('List buckets, folders and objects.')
    .argument('[place]', 'what to list', '.')
    .option('-l, --long', 'size, time and etag of each object')
    .option('-r, --recursive', 'all that is below, not one level of it')
    .option('-H, --human', 'sizes as people read them')
    .addHelpText(
      'after',
      `
Examples:
  cistern ls s3://                      all buckets
  cistern ls -l s3://photos/2026/       one level of a bucket
  cistern ls -rH prod:photos            all of it
  cistern ls --json zip:backup.zip      a document a line, for scripts`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(ls))));
  return ls.action((place: string, flags: LsFlags) => run(cli, place, flags));
}

async function run(cli: Cli, text: string, flags: LsFlags): Promise<void> {
  const places = await cli.places();
  const place = places.parse(text);
  if ((place.kind === 's3' || place.kind === 'azure') && place.bucket === '') {
    await listBuckets(cli, await places.service(place, flags), flags);
    return;
  }
  const selection = await expand(places, place, flags);
  const options = { recursive: flags.recursive, filter: toFilter(flags), signal: cli.signal };
  for await (const entry of walk(selection, options)) {
    const wait = flags.json === true ? cli.out.json(toJson(entry)) : cli.out.line(toLine(entry, flags));
    if (wait !== undefined) await wait;
  }
}

async function listBuckets(
  cli: Cli,
  service: { listBuckets(): AsyncIterable<{ name: string; createdAt?: Date | undefined }> },
  flags: LsFlags,
): Promise<void> {
  for await (const { name, createdAt } of service.listBuckets()) {
    if (flags.json === true)
      await cli.out.json({ type: 'bucket', name, createdAt: createdAt?.toISOString() });
    else
      await cli.out.line(
        flags.long === true && createdAt ? `${formatTime(createdAt)}  ${name}/` : `${name}/`,
      );
  }
}

function toJson(entry: Found): object {
  if (entry.type === 'prefix') return { type: entry.type, prefix: entry.prefix };
  const { type, key, size, etag, lastModified, version } = entry;
  return { type, key, size, lastModified: lastModified.toISOString(), etag, version };
}

function toLine(entry: Found, { long, human }: LsFlags): string {
  if (entry.type === 'prefix')
    return long === true ? `${''.padEnd(19)}  ${''.padStart(12)}  ${entry.name}` : entry.name;
  if (long !== true) return entry.name;
  const size = human === true ? formatBytes(entry.size) : String(entry.size);
  return `${formatTime(entry.lastModified)}  ${size.padStart(12)}  ${entry.name}`;
}
