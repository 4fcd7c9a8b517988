/** The flags of `cp` and `mv`, and what they mean. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { Attributes } from '@cistern/store';
import {
  filterOptions,
  jsonOption,
  literalOption,
  placeOptions,
  progressOptions,
} from '../command/options.ts';
import type { FilterFlags, LiteralFlag, OutputFlags, ProgressFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { parseSize } from '../values/bytes.ts';
import { OptionError } from '../values/option-error.ts';

export interface TransferFlags extends ReachFlags, OutputFlags, ProgressFlags, FilterFlags, LiteralFlag {
  readonly json?: true;
  readonly recursive?: true;
  readonly overwrite?: true;
  readonly dryRun?: true;
  /** `cp` alone */
  readonly version?: string;
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly metadata?: Readonly<Record<string, string>>;
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
  filterOptions(literalOption(command))
    .option('--follow-links', 'symbolic links in folders are what they lead to (default: left out)')
    .option('--content-type <type>', 'of the copies (default: as the source; of plain files by their ending)')
    .option('--cache-control <text>', 'of the copies')
    .option('--content-disposition <text>', 'of the copies')
    .option('--content-encoding <text>', 'of the copies')
    .option('--content-language <text>', 'of the copies')
    .addOption(
      new Option(
        '--metadata <name=value>',
        'in place of the metadata of the source; repeat for more',
      ).argParser(addMetadata),
    )
    .addOption(concurrencyOption())
    .addOption(bytesOption('--part-size <size>', 'of large objects, such as 16MiB (default: by size)'))
    .addOption(bytesOption('--limit-rate <size>', 'no more than so many bytes a second, such as 10MiB'))
    .option('--durable', 'sync files of this machine to the disk before they are done');
  return jsonOption(progressOptions(placeOptions(command)));
}

export function concurrencyOption(): Option {
  return new Option('--concurrency <n>', 'objects at once (default: by their sizes)').argParser(parseCount);
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

function addMetadata(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at > 0) return { ...earlier, [text.slice(0, at).trim().toLowerCase()]: text.slice(at + 1) };
  throw new OptionError('--metadata', `must be name=value, not ${JSON.stringify(text)}.`);
}

/** @returns undefined when none is given */
export function givenAttributes(flags: TransferFlags): Attributes | undefined {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata } = flags;
  const all = { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
