/** `cistern versions`: what a bucket keeps of its objects. */

import { Command } from 'commander';
import { inBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { filterOptions, jsonOption, literalOption, placeOptions } from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ReachFlags } from '../command/options.ts';
import { toFilter } from '../select/filters.ts';
import { walkVersions } from '../select/walk-versions.ts';
import type { FoundVersion } from '../select/walk-versions.ts';
import { printable } from '../terminal/printable.ts';
import { formatBytes, formatTime } from '../terminal/sizes.ts';

interface VersionsFlags extends OutputFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly human?: true;
}

export function command(cli: Cli): Command {
  const versions = new Command('versions')
    .description('List all versions of an object, or of all objects below a folder, the newest first.')
    .argument('<place>', 'an object, a pattern, a folder or a bucket')
    .option('-H, --human', 'sizes as people read them')
    .addHelpText(
      'after',
      `
Each line has time, size, version and key. A "*" marks the version that is read without naming one;
"deleted" stands for the size where the object was deleted then.

Examples:
  cistern versions s3://photos/2026/a.jpg
  cistern versions s3://photos/2026/
  cistern versions --json s3://photos --newer-than 1d
  cistern undelete s3://photos/2026/a.jpg --version ID    makes one of them the current one`,
    );
  jsonOption(placeOptions(literalOption(filterOptions(versions))));
  return versions.action((text: string, flags: VersionsFlags) => run(cli, text, flags));
}

async function run(cli: Cli, text: string, flags: VersionsFlags): Promise<void> {
  const place = await inBucket(cli, text, flags, 'versions');
  const options = { below: 'else', filter: toFilter(flags), signal: cli.signal } as const;
  const { isTerminal } = cli.out;
  for await (const found of walkVersions(place, options)) {
    const wait =
      flags.json === true
        ? cli.out.json(toJson(found))
        : cli.out.line(toLine(found, flags.human === true, isTerminal));
    if (wait !== undefined) await wait;
  }
}

function toJson({ key, version, isLatest, isDeleteMarker, size, etag, lastModified }: FoundVersion): object {
  const base = { key, version, isLatest, lastModified: lastModified.toISOString() };
  return isDeleteMarker ? { type: 'delete-marker', ...base } : { type: 'version', ...base, size, etag };
}

/** Versions have as many letters as the service likes, the same for all but `null`. */
const ID_WIDTH = 32;

function toLine(found: FoundVersion, human: boolean, isTerminal: boolean): string {
  const { isDeleteMarker, isLatest, lastModified, version, key } = found;
  const size = isDeleteMarker ? 'deleted' : human ? formatBytes(found.size) : String(found.size);
  const shown = isTerminal ? printable(key) : key;
  return `${formatTime(lastModified)}  ${size.padStart(12)}  ${version.padEnd(ID_WIDTH)} ${isLatest ? '*' : ' '} ${shown}`;
}
