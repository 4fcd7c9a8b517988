/** `cistern du`: how much is in a place. */

import { Argument, Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { report } from '../failures/report.ts';
import { UsageCounter } from '../listing/usage.ts';
import type { FolderUsage, Usage } from '../listing/usage.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { toNamer } from '../select/names.ts';
import { walkObjects } from '../select/walk.ts';
import type { FoundVersion } from '../select/walk-versions.ts';
import { printable } from '../terminal/printable.ts';
import { formatBytes, formatCount } from '../terminal/sizes.ts';
import { parseCount } from '../values/count.ts';

interface DuFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly depth: string;
  readonly bytes?: true;
  readonly versions?: true;
}

export function command(cli: Cli): Command {
  const du = new Command('du')
    .description('Count objects and their bytes: of places, and of the folders in them.')
    .addArgument(new Argument('[place...]', 'buckets, folders, patterns').default(['.'], '"."'))
    .option('-d, --depth <number>', 'levels of folders that are told one by one', '0')
    .option('-b, --bytes', 'sizes in bytes')
    .option('--versions', 'with every version that the bucket keeps')
    .addHelpText(
      'after',
      `
Examples:
  cistern du s3://photos                      a bucket
  cistern du s3://                            each bucket, and all of them
  cistern du -d 1 prod:photos                 each folder in it, too
  cistern du 's3://logs/2026-*' --older-than 30d
  cistern du --json -d 2 ./data               a document a line, for scripts`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(du))));
  return du.action((places: string[], flags: DuFlags) => run(cli, places, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: DuFlags): Promise<void> {
  const counted: Usage[] = [];
  for await (const text of eachPlace(cli, texts, flags)) {
    try {
      const selection = await expand(await cli.places(), text, flags);
      counted.push(await count(cli, selection, flags));
    } catch (error) {
      await report(cli, error);
    }
    if (cli.out.isClosed || cli.signal.aborted) return;
  }
  if (counted.length < 2) return;
  const objects = counted.reduce((sum, one) => sum + one.objects, 0);
  const size = counted.reduce((sum, one) => sum + one.size, 0);
  await (flags.json === true
    ? cli.out.json({ type: 'total', objects, size })
    : cli.out.line(toLine({ objects, size }, 'in all', flags)));
}

/** A service stands for its buckets. */
async function* eachPlace(cli: Cli, texts: readonly string[], flags: DuFlags): AsyncGenerator<string> {
  const places = await cli.places();
  for (const text of texts) {
    const place = places.parse(text);
    if ((place.kind !== 's3' && place.kind !== 'azure') || place.bucket !== '') {
      yield text;
      continue;
    }
    const service = await places.service(place, flags);
    for await (const { name } of service.listBuckets({ signal: cli.signal })) yield `${text}${name}`;
  }
}

async function count(cli: Cli, selection: Selection, flags: DuFlags): Promise<Usage> {
  const counter = new UsageCounter(parseCount('--depth', flags.depth, 0));
  const options = { recursive: true, filter: toFilter(flags), signal: cli.signal };
  const objects =
    flags.versions === true ? await versionsOf(cli, selection, flags) : walkObjects(selection, options);
  const toName = toNamer(selection, flags.literal);
  const print = (folder: FolderUsage): Promise<void> | void => {
    const { name, objects: number, size } = folder;
    // A folder as it would be found.
    const prefix = folderKey(selection) + name;
    const place = name === '' ? selection.text : toName({ type: 'prefix', prefix, name });
    return flags.json === true
      ? cli.out.json({ type: 'usage', place, prefix, objects: number, size })
      : cli.out.line(toLine(folder, cli.out.isTerminal ? printable(place) : place, flags));
  };
  for await (const found of objects) {
    for (const folder of counter.add(found.name, found.size)) await print(folder);
  }
  const rest = counter.end();
  for (const folder of rest) await print(folder);
  return rest.at(-1) ?? { objects: 0, size: 0 };
}

async function versionsOf(
  cli: Cli,
  selection: Selection,
  flags: DuFlags,
): Promise<AsyncIterable<FoundVersion>> {
  const [{ inBucket }, { walkVersions }] = await Promise.all([
    import('../buckets/in-bucket.ts'),
    import('../select/walk-versions.ts'),
  ]);
  const bucket = await inBucket(cli, selection.opened.place, flags, 'versions');
  return walkVersions(bucket, { below: true, filter: toFilter(flags), signal: cli.signal });
}

function folderKey({ key, isFolder }: Selection): string {
  return isFolder ? key : `${key}/`;
}

function toLine({ objects, size }: Usage, name: string, { bytes }: DuFlags): string {
  const sizeColumn = bytes === true ? String(size).padStart(15) : formatBytes(size).padStart(8);
  return `${sizeColumn}  ${formatCount(objects, 'object').padStart(14)}  ${name}`;
}
