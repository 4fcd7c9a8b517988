/**
 * Work on many items: as many a request as the service takes, several requests at once, results as they come. What the source
 * has at hand goes into one request; a slow source is not waited for.
 */

import { abortedError, throwIfAborted } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';

const ITEMS_MAX = 1000;
const REQUESTS_MAX = 4;

export interface BatchWork<Item, Result> {
  /** the result of an item that is not to be asked for */
  readonly refuse: (item: Item) => Result | undefined;
  /** one result for each item; what it rejects with ends all */
  readonly run: (batch: readonly Item[]) => Promise<Result[]>;
}

export async function* inBatches<Item, Result>(
  items: AsyncIterable<Item>,
  { refuse, run }: BatchWork<Item, Result>,
  { signal }: CallOptions,
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]();
  const running = new Set<Promise<Result[]>>();
  let waiting: Promise<IteratorResult<Item>> | undefined;
  let ended = false;
  try {
    while (!ended || running.size > 0) {
      throwIfAborted(signal, 'delete');
      const batch: Item[] = [];
      while (!ended && running.size < REQUESTS_MAX && batch.length < ITEMS_MAX) {
        waiting ??= source.next();
        const next = await orAborted(soonest(waiting, batch.length > 0 || running.size > 0), signal);
        if (next === undefined) break;
        waiting = undefined;
        if (next.done === true) {
          ended = true;
          continue;
        }
        const refused = refuse(next.value);
        if (refused === undefined) batch.push(next.value);
        else yield refused;
      }
      if (batch.length > 0) {
        running.add(run(batch));
        continue;
      }
      if (running.size === 0) continue;
      // Whichever comes first: an answer, or more items where there is room for them.
      const answers = [...running].map((request) => request.then((results) => ({ request, results })));
      const more =
        waiting !== undefined && running.size < REQUESTS_MAX ? [waiting.then(() => undefined)] : [];
      const done = await orAborted(Promise.race([...answers, ...more]), signal);
      if (done === undefined) continue;
      running.delete(done.request);
      yield* done.results;
    }
  } finally {
    waiting?.catch(() => undefined);
    // What was sent is done, whether its results are wanted or not.
    await Promise.allSettled(running);
    // A source in the middle of an item ends when it has it: nobody waits for that.
    const closing = ended ? undefined : source.return?.(undefined);
    if (waiting === undefined) await closing;
    else closing?.catch(() => undefined);
  }
}

/** What comes at once; without `impatient`, whatever comes. */
async function soonest<T>(promise: Promise<T>, impatient: boolean): Promise<T | undefined> {
  if (!impatient) return promise;
  return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
}

/** Rejects as soon as the signal fires, whatever becomes of the promise. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let listener: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(abortedError(signal, 'delete'));
    signal.addEventListener('abort', listener, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (listener !== undefined) signal.removeEventListener('abort', listener);
  }
}
