/** The flags of `sync`, and those by which objects are compared. */

import { Option } from 'commander';
import type { Command } from 'commander';
import type { Compare } from '@cistern/store/sync';
import { filterOptions, jsonOption, placeOptions, progressOptions } from '../command/options.ts';
import type { FilterFlags, OutputFlags, ProgressFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { concurrencyOption, rateOption } from '../transfer/transfer-flags.ts';

export interface CompareFlags {
  readonly compare?: Compare;
  readonly checksum?: true;
  readonly sizeOnly?: true;
}

export interface SyncFlags extends ReachFlags, OutputFlags, ProgressFlags, FilterFlags, CompareFlags {
  readonly json?: true;
  readonly delete?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly verbose?: true;
  readonly concurrency?: number;
  readonly limitRate?: number;
  readonly durable?: true;
}

export function compareOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--compare <how>',
        'what tells objects apart (default: MD5s where both have them, else mtime)',
      ).choices(['size', 'mtime', 'etag', 'checksum']),
    )
    .option('--checksum', 'as --compare checksum: by content, read where a service keeps no checksum')
    .option('--size-only', 'as --compare size');
}

export function syncOptions(command: Command): Command {
  command
    .option('--delete', 'delete what the source does not have')
    .option('-y, --yes', 'with --delete: also when the source is empty, and everything would go')
    .option('-n, --dry-run', 'show what would be done, and do nothing')
    .option('-v, --verbose', 'a line for each object that is done');
  filterOptions(compareOptions(command))
    .addOption(concurrencyOption())
    .addOption(rateOption())
    .option('--durable', 'sync files of this machine to the disk before they are done');
  return jsonOption(progressOptions(placeOptions(linksOption(command))));
}

export function linksOption(command: Command): Command {
  return command.option(
    '--follow-links',
    'take symbolic links for what they lead to (default: leave them out)',
  );
}

/** @throws {Failure} usage: two that contradict each other */
export function toCompare({ compare, checksum, sizeOnly }: CompareFlags): Compare | undefined {
  const named = [compare, checksum && ('checksum' as const), sizeOnly && ('size' as const)];
  const [one, other] = [...new Set(named.filter((how) => how !== undefined))];
  if (other !== undefined) throw usage(`Objects are compared by ${one} or by ${other}, not by both`);
  return one;
}
