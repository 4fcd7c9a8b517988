/** Listings that go on after a break, behind the last entry that was given. */

import { compareKeys } from '../../keys.ts';
import { listPages } from '../../list-pages.ts';
import type { ListEntry, ListOptions, ListUploadsOptions, ObjectStore } from '../../object-store.ts';
import type { UploadListEntry } from '../../upload.ts';
import { Attempts } from './attempts.ts';
import type { RetryPolicy } from './policy.ts';

/** The pages of a listing, as many entries at a time as the store behind gives. */
export async function* resumingPages(
  store: ObjectStore,
  policy: RetryPolicy,
  options: ListOptions,
): AsyncGenerator<readonly ListEntry[]> {
  let last: string | undefined;
  const begin = (signal: AbortSignal): AsyncIterable<readonly ListEntry[]> =>
    listPages(store, { ...options, signal, ...(last === undefined ? {} : { startAfter: last }) });
  const attempts = new Attempts(policy, 'list', undefined, options.signal);
  for await (const page of resuming(begin, attempts, policy)) {
    const before = last;
    // A page that is answered twice must not show.
    const isNew = (entry: ListEntry): boolean =>
      before === undefined || compareKeys(nameOf(entry), before) > 0;
    const [first] = page;
    const entries = first === undefined || isNew(first) ? page : page.filter(isNew);
    const end = entries.at(-1);
    if (end === undefined) continue;
    last = nameOf(end);
    attempts.progress();
    yield entries;
  }
}

function nameOf(entry: ListEntry): string {
  return entry.type === 'object' ? entry.key : entry.prefix;
}

/** There is no way to begin in the middle: what was given is read again and left out. */
export async function* resumingListUploads(
  store: ObjectStore,
  policy: RetryPolicy,
  options: ListUploadsOptions,
): AsyncGenerator<UploadListEntry> {
  let last: string | undefined;
  /** ids that were given of the last key */
  const given = new Set<string>();
  const begin = (signal: AbortSignal): AsyncIterable<UploadListEntry> =>
    store.listUploads({ ...options, signal });
  const attempts = new Attempts(policy, 'listUploads', undefined, options.signal);
  for await (const entry of resuming(begin, attempts, policy)) {
    const order = last === undefined ? 1 : compareKeys(entry.key, last);
    if (order < 0 || (order === 0 && given.has(entry.id))) continue;
    if (order > 0) given.clear();
    given.add(entry.id);
    last = entry.key;
    attempts.progress();
    yield entry;
  }
}

/** The entries of one listing after another, until one comes to its end. */
async function* resuming<T>(
  begin: (signal: AbortSignal) => AsyncIterable<T>,
  attempts: Attempts,
  policy: RetryPolicy,
): AsyncGenerator<T> {
  for (;;) {
    const watchdog = attempts.watch();
    const entries = begin(watchdog.signal)[Symbol.asyncIterator]();
    let broken = false;
    try {
      for (;;) {
        watchdog.arm(policy.stallTimeoutMs);
        const next = await watchdog.race(entries.next());
        watchdog.pause();
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      broken = true;
      watchdog.stop();
      await attempts.again(error);
    } finally {
      watchdog.stop();
      // One that has thrown has ended; one that stalls would not answer.
      if (!broken) await entries.return?.();
    }
  }
}
