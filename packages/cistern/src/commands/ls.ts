/** `cistern ls`: buckets, and what is in a place. */

import { Argument, Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { toDocument, toLine } from '../listing/lines.ts';
import type { Place } from '../places/place.ts';
import { expand } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import { toNamer } from '../select/names.ts';
import { walk } from '../select/walk.ts';
import type { FoundFolder } from '../select/walk.ts';
import type { FoundVersion } from '../select/walk-versions.ts';
import { printable } from '../terminal/printable.ts';
import { formatTime } from '../terminal/sizes.ts';

interface LsFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly long?: true;
  readonly recursive?: true;
  readonly human?: true;
  readonly versions?: true;
}

export function command(cli: Cli): Command {
  const ls = new Command('ls')
    .description(
      'List buckets, folders and objects. Names are relative to the place; of several places they are\n' +
        'whole. A place without a slash at its end is the folder of that name, else the object.',
    )
    .addArgument(new Argument('[place...]', 'what to list').default(['.'], '"."'))
    .option('-l, --long', 'time, size and etag of each object')
    .option('-r, --recursive', 'all that is below, not one level of it')
    .option('-H, --human', 'sizes as people read them')
    .option('--versions', 'all that the bucket keeps: time, size and id of each version')
    .addHelpText(
      'after',
      `
Examples:
  cistern ls s3://                                  all buckets
  cistern ls -l s3://photos/2026                    one level of a bucket
  cistern ls -rH prod:photos --larger-than 10MiB    all of it, if it is large
  cistern ls 's3://logs/2026-*/*.gz'                what matches
  cistern ls --json zip:backup.zip                  a document a line, for scripts`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(ls))));
  return ls.action((places: string[], flags: LsFlags) => run(cli, places, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: LsFlags): Promise<void> {
  const places = await cli.places();
  for (const text of texts) {
    try {
      const place = places.parse(text);
      const isService = (place.kind === 's3' || place.kind === 'azure') && place.bucket === '';
      await (isService ? listBuckets(cli, place, flags) : list(cli, place, flags, texts.length > 1));
    } catch (error) {
      // The others are listed all the same, as ls does.
      const { report } = await import('../failures/report.ts');
      await report(cli, error);
    }
    if (cli.out.isClosed || cli.signal.aborted) return;
  }
}

async function list(cli: Cli, place: Place, flags: LsFlags, isOneOfMany: boolean): Promise<void> {
  const selection = await expand(await cli.places(), place, flags);
  const options = { recursive: flags.recursive, filter: toFilter(flags), signal: cli.signal };
  const toName = isOneOfMany ? toNamer(selection, flags.literal) : undefined;
  const found = flags.versions === true ? await versionsOf(cli, place, flags) : walk(selection, options);
  const { isTerminal } = cli.out;
  for await (const entry of found) {
    let wait;
    if (flags.json === true) {
      wait = cli.out.json(toDocument(entry));
    } else {
      const name = toName?.(entry) ?? (entry.name === '' ? './' : entry.name);
      wait = cli.out.line(toLine(entry, isTerminal ? printable(name) : name, flags));
    }
    // Nothing is waited for between two writes.
    if (wait !== undefined) await wait;
    if (cli.out.isClosed) return;
  }
}

async function versionsOf(
  cli: Cli,
  place: Place,
  flags: LsFlags,
): Promise<AsyncIterable<FoundVersion | FoundFolder>> {
  const [{ inBucket }, { walkVersions, walkVersionsOfLevel }] = await Promise.all([
    import('../buckets/in-bucket.ts'),
    import('../select/walk-versions.ts'),
  ]);
  const bucket = await inBucket(cli, place, flags, 'versions');
  const isPattern = bucket.selection.pattern !== undefined;
  // With a pattern: as for objects, what is below the folders that match only where that was asked for.
  const below = isPattern ? flags.recursive === true : ('both' as const);
  const options = { below, filter: toFilter(flags), signal: cli.signal };
  return flags.recursive === true ? walkVersions(bucket, options) : walkVersionsOfLevel(bucket, options);
}

async function listBuckets(cli: Cli, place: Place, flags: LsFlags): Promise<void> {
  const service = await (await cli.places()).service(place, flags);
  for await (const { name, createdAt } of service.listBuckets({ signal: cli.signal })) {
    if (flags.json === true) {
      await cli.out.json({ type: 'bucket', name, createdAt: createdAt?.toISOString() });
    } else {
      const time = createdAt === undefined ? '' : formatTime(createdAt);
      await cli.out.line(flags.long === true ? `${time.padEnd(19)}  ${name}/` : `${name}/`);
    }
  }
}
