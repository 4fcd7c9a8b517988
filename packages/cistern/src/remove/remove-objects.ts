/**
 * Deletes the objects that places name. Those of one store go into one stream of deletions, which batches them and holds few at a time,
 * however many there are.
 */

import { lstatSync } from 'node:fs';
import { isStoreError } from '@cistern/store';
import type { Store } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { EXIT_NOT_FOUND } from '../command/exit-codes.ts';
import { Failure, interrupted, usage } from '../failures/failure.ts';
import { report } from '../failures/report.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import { toFilter } from '../select/filters.ts';
import type { Filter } from '../select/filters.ts';
import { walk } from '../select/walk.ts';
import { confirmAll, isWhole } from './confirm-all.ts';
import { removeEmptyFolders } from './empty-folders.ts';
import { formatCount } from '../terminal/sizes.ts';
import type { Removal } from './removal.ts';
import type { RmFlags } from './rm-flags.ts';
import { untilStopped } from './until-stopped.ts';

/** Looks for single objects under way at once: a deletion would not tell that there was none. */
const LOOKS_MAX = 16;

/** @throws {Failure} for what cannot be asked for, before anything is deleted */
export async function removeObjects(
  cli: Cli,
  texts: readonly string[],
  flags: RmFlags,
  removal: Removal,
): Promise<void> {
  const places = await cli.places();
  const selections: Selection[] = [];
  for (const text of texts) selections.push(await expand(places, text, flags));
  for (const selection of selections) checkFolder(selection, flags);
  const filter = toFilter(flags);
  await confirmAll(cli, selections, flags);
  const stores = Map.groupBy(selections, ({ opened }) => opened.store);
  for (const [store, own] of stores) {
    try {
      await removeFrom(cli, store, own, { flags, filter, removal });
    } catch (error) {
      // A bucket that is not there is in nobody else's way.
      if (stores.size === 1 || cli.signal.aborted) throw error;
      await report(cli, error);
    }
  }
  if (flags.recursive !== true || flags.dryRun === true || filter !== undefined) return;
  for (const selection of selections) {
    const { kind, path } = selection.opened.place;
    if (kind !== 'local' || selection.pattern !== undefined) continue;
    // Nobody wants to be in a folder that is no more.
    removeEmptyFolders(path, { itself: !isWhole(selection) });
  }
}

interface Removing {
  readonly flags: RmFlags;
  readonly filter: Filter | undefined;
  readonly removal: Removal;
}

function checkFolder({ text, isFolder, pattern, opened }: Selection, { recursive }: RmFlags): void {
  const { kind, path } = opened.place;
  if (isFolder && pattern === undefined && kind === 'local') {
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    if (isLink) throw usage(`${text} is a link to a folder`, 'Name the folder itself, if that is meant');
  }
  if (recursive === true || !isFolder || pattern !== undefined) return;
  throw usage(`${text} is a folder`, '-r deletes all that is below it');
}

async function removeFrom(
  cli: Cli,
  store: Store,
  selections: readonly Selection[],
  removing: Removing,
): Promise<void> {
  const { flags, removal } = removing;
  const { signal } = cli;
  // Of one store all places name keys alike.
  const name = (key: string): string => selections[0]?.opened.name(key) ?? key;
  const keys = untilStopped(keysOf(cli, selections, removing), signal);
  if (flags.dryRun === true) {
    for await (const key of keys) await removal.delete({ name: name(key), key });
  } else {
    for await (const { key, error } of store.delete(keys)) {
      if (error === undefined) await removal.delete({ name: name(key), key });
      else await removal.fail({ name: name(key), key }, error);
    }
  }
  if (signal.aborted) throw interrupted('Stopped', 'The same command goes on with what is left.');
}

/** Those of single objects first, as they are found to be there. What is not there is a failure of its own. */
async function* keysOf(
  cli: Cli,
  selections: readonly Selection[],
  removing: Removing,
): AsyncGenerator<string> {
  const { flags, removal } = removing;
  const isSingle = ({ pattern }: Selection): boolean => flags.recursive !== true && pattern === undefined;
  yield* singleKeys(cli, selections.filter(isSingle), removing);
  for (const selection of selections.filter((one) => !isSingle(one))) {
    try {
      yield* walkedKeys(cli, selection, removing);
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== EXIT_NOT_FOUND) throw error;
      if (flags.force !== true) await removal.fail({ name: selection.text }, error);
    }
  }
}

async function* singleKeys(
  { signal }: Cli,
  selections: readonly Selection[],
  { flags, filter, removal }: Removing,
): AsyncGenerator<string> {
  const look = async ({ opened: { store }, key }: Selection): Promise<boolean | Error> => {
    // Nothing is to be said about it: there is no need to look.
    if (flags.force === true && filter === undefined && flags.dryRun !== true) return true;
    try {
      const info = await store.head(key, { signal });
      return filter === undefined || filter(key.slice(key.lastIndexOf('/') + 1), info);
    } catch (error) {
      if (!isStoreError(error, 'NotFound')) throw error;
      return flags.force !== true && (await missing(store, key, error, signal));
    }
  };
  for (let start = 0; start < selections.length; start += LOOKS_MAX) {
    const some = selections.slice(start, start + LOOKS_MAX);
    const found = await Promise.all(some.map(look));
    for (const [index, answer] of found.entries()) {
      const selection = some[index] as Selection;
      if (answer === true) yield selection.key;
      else if (answer !== false) await removal.fail({ name: selection.text, key: selection.key }, answer);
    }
  }
}

/** A folder of that name is probably what was meant. @throws {StoreError} when there is no such bucket either */
async function missing(store: Store, key: string, cause: Error, signal: AbortSignal): Promise<Failure> {
  for await (const _ of store.list({ prefix: `${key}/`, delimiter: '/', signal })) {
    return usage('It is a folder', '-r deletes all that is below it');
  }
  return new Failure('There is no such object', { exitCode: EXIT_NOT_FOUND, cause });
}

async function* walkedKeys(
  cli: Cli,
  selection: Selection,
  { flags, filter, removal }: Removing,
): AsyncGenerator<string> {
  let folders = 0;
  let objects = 0;
  const { recursive } = flags;
  for await (const found of walk(selection, { recursive, filter, signal: cli.signal })) {
    if (found.type === 'prefix') folders++;
    else {
      objects++;
      yield found.key;
    }
  }
  if (folders === 0) return;
  const left = `${formatCount(folders, 'folder')} that ${folders === 1 ? 'matches' : 'match'}`;
  if (objects === 0)
    await removal.fail(
      { name: selection.text },
      usage(`It matches no object, but ${left}`, '-r deletes them, and all that is below.'),
    );
  else if (flags.quiet !== true)
    cli.warn(`${left} ${selection.text} stay${folders === 1 ? 's' : ''}: -r deletes what is below, too`);
}
