/** The flags of `cp` and `mv`, and what they mean. */

import { Option } from 'commander';
import type { Command } from 'commander';
import {
  attributeOptions,
  filterOptions,
  jsonOption,
  literalOption,
  placeOptions,
  progressOptions,
} from '../command/options.ts';
import type {
  AttributeFlags,
  FilterFlags,
  LiteralFlag,
  OutputFlags,
  ProgressFlags,
  ReachFlags,
} from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { parseSize } from '../values/bytes.ts';
import { OptionError } from '../values/option-error.ts';

export interface TransferFlags
  extends ReachFlags, OutputFlags, ProgressFlags, FilterFlags, LiteralFlag, AttributeFlags {
  readonly json?: true;
  readonly recursive?: true;
  readonly overwrite?: true;
  readonly dryRun?: true;
  /** `cp` alone */
  readonly version?: string;
  readonly concurrency?: number;
  readonly partSize?: number;
  readonly limitRate?: number;
  readonly durable?: true;
}

export interface NamedPlaces {
  readonly sources: readonly string[];
  readonly destination: string;
}

/** The last one is the destination. @throws {Failure} usage */
export function splitPlaces(places: readonly string[]): NamedPlaces {
  const [last] = places.slice(-1);
  if (last === undefined || places.length < 2) {
    throw usage(`There is one place, ${last ?? ''}, and two are needed`, 'Name what, and then where to');
  }
  return { sources: places.slice(0, -1), destination: last };
}

/** @param verb what is done, as in "show what would be copied" */
export function transferOptions(command: Command, verb: { readonly past: string }): Command {
  command
    .option('-r, --recursive', 'what is in a folder, and below it')
    .option('-f, --overwrite', 'replace what is there and differs')
    .option('-n, --dry-run', `show what would be ${verb.past}, and do nothing`);
  filterOptions(literalOption(command)).option(
    '--follow-links',
    'symbolic links in folders are what they lead to (default: left out)',
  );
  attributeOptions(command, {
    contentType: 'of the copies (default: as the source; of plain files by their ending)',
    metadata: 'in place of the metadata of the source; repeat for more',
    others: 'of the copies',
  })
    .addOption(concurrencyOption())
    .addOption(bytesOption('--part-size <size>', 'of large objects, such as 16MiB (default: by size)'))
    .addOption(rateOption())
    .option('--durable', 'sync files of this machine to the disk before they are done');
  return jsonOption(progressOptions(placeOptions(command)));
}

export function concurrencyOption(): Option {
  return new Option('--concurrency <n>', 'objects at once (default: by their sizes)').argParser(parseCount);
}

export function rateOption(): Option {
  return bytesOption('--limit-rate <size>', 'no more than so many bytes a second, such as 10MiB');
}

function bytesOption(flags: string, description: string): Option {
  const [name = ''] = flags.split(' ');
  return new Option(flags, description).argParser((text: string) => parseSize(name, text));
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new OptionError(
    '--concurrency',
    `must be a whole number from 1 to 1000, not ${JSON.stringify(text)}.`,
  );
}
