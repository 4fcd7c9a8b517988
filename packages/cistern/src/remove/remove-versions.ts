/** Deletes versions for good: one by its id, or all of what places name. */

import type { ListedVersion, VersionName } from '@cistern/store';
import { inBucket } from '../buckets/in-bucket.ts';
import type { InBucket } from '../buckets/in-bucket.ts';
import type { Cli } from '../command/cli.ts';
import { EXIT_NOT_FOUND } from '../command/exit-codes.ts';
import { Failure, interrupted, notFound, usage } from '../failures/failure.ts';
import { toFilter } from '../select/filters.ts';
import { walkVersions } from '../select/walk-versions.ts';
import { confirmAll } from './confirm-all.ts';
import type { Removal } from './removal.ts';
import type { RmFlags } from './rm-flags.ts';
import { untilStopped } from './until-stopped.ts';

/** @throws {Failure} for what cannot be asked for, before anything is deleted */
export async function removeVersions(
  cli: Cli,
  texts: readonly string[],
  flags: RmFlags,
  removal: Removal,
): Promise<void> {
  const all: InBucket[] = [];
  for (const text of texts) all.push(await inBucket(cli, text, flags, 'versions'));
  for (const { selection } of all) checkNamed(selection, flags);
  if (flags.version !== undefined && all.length > 1) throw usage('--version is of one object');
  const selections = all.map(({ selection }) => selection);
  await confirmAll(cli, selections, flags);
  for (const one of all) await removeOf(cli, one, flags, removal);
}

function checkNamed({ text, isFolder, pattern }: InBucket['selection'], flags: RmFlags): void {
  if (flags.version !== undefined && (isFolder || pattern !== undefined))
    throw usage(`${text} is no object: --version is of one`);
  if (flags.recursive !== true && isFolder && pattern === undefined)
    throw usage(`${text} is a folder`, '-r deletes all that is below it');
}

async function removeOf(cli: Cli, one: InBucket, flags: RmFlags, removal: Removal): Promise<void> {
  const { features, selection } = one;
  const { signal } = cli;
  const name = (key: string): string => selection.opened.name(key);
  const versions = untilStopped(versionsOf(one, flags, signal), signal);
  try {
    if (flags.dryRun === true) {
      for await (const { key, version } of versions) await removal.delete({ name: name(key), key, version });
    } else {
      for await (const { key, version, error } of features.deleteVersions(versions)) {
        const removed = { name: name(key), key, version };
        if (error === undefined) await removal.delete(removed);
        else await removal.fail(removed, error);
      }
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.exitCode !== EXIT_NOT_FOUND) throw error;
    if (flags.force !== true) await removal.fail({ name: selection.text }, error);
  }
  if (signal.aborted) throw interrupted('Stopped', 'The same command goes on with what is left.');
}

async function* versionsOf(one: InBucket, flags: RmFlags, signal: AbortSignal): AsyncGenerator<VersionName> {
  const { version } = flags;
  const below = flags.recursive === true;
  const all: AsyncIterable<ListedVersion> = walkVersions(one, { below, filter: toFilter(flags), signal });
  if (version === undefined) {
    yield* all;
    return;
  }
  for await (const found of all) {
    if (found.version !== version) continue;
    yield found;
    return;
  }
  throw notFound(
    `There is no version ${version} of ${one.selection.text}`,
    `cistern versions shows those there are.`,
  );
}
