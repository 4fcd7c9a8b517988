/** Makes one store like another: what is missing or different is copied, what is too much is deleted if so wished. */

import { abortedError, isStoreError, StoreError } from '../errors.ts';
import type { CallOptions, ListedObject, ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';
import { difference } from './compare-objects.ts';
import type { Compare } from './compare-objects.ts';
import { copyObject } from './copy-object.ts';
import type { ObjectCopier } from './copy-object.ts';
import { copyOrigin, serverSideCopy } from './copy-origin.ts';
import { mergeListings } from './merge-listings.ts';
import type { KeyPair } from './merge-listings.ts';
import { SyncCounts } from './sync-record.ts';
import type { SyncRecord, SyncSummary } from './sync-record.ts';

export interface SyncOptions extends CallOptions {
  /** deletes what the source does not have; `false` when left out: only adds and updates */
  readonly delete?: boolean | undefined;
  /** what counts as the same; see `Compare` */
  readonly compare?: Compare | undefined;
  /** only keys that begin with this, in both stores. For different beginnings use the layer `prefix`. */
  readonly prefix?: string | undefined;
  /**
   * keys for which it is `false` are left alone in both stores, and have no record
   *
   * @param object as the source lists it, or the target if the source does not have it
   */
  readonly filter?: ((key: string, object: ListedObject) => boolean) | undefined;
  /** copies an object in place of the way that `sync` has itself; `attributes` is not looked at then */
  readonly copy?: SyncCopy | undefined;
  /** objects copied at once; 16 when left out */
  readonly concurrency?: number | undefined;
  /** tells what would be done, and does nothing */
  readonly dryRun?: boolean | undefined;
  /** `false`: objects are copied without their attributes, for targets that keep none; carried when left out */
  readonly attributes?: boolean | undefined;
  /** called for each record, with the sums so far */
  readonly onProgress?: ((summary: SyncSummary, record: SyncRecord) => void) | undefined;
}

/**
 * Writes the object `source` to the target's key of the same name, over `target` if that is there.
 *
 * @returns bytes that were written; `undefined` when the source is gone by now
 */
export type SyncCopy = (
  source: ListedObject,
  target: ListedObject | undefined,
  signal: AbortSignal,
) => Promise<{ readonly size: number } | undefined>;

const CONCURRENCY = 16;
/** Keys to be deleted that are kept in memory; what is beyond them is found by listing from there on again. */
const EXTRAS_MAX = 10_000;

/**
 * Iterating does the work, and gives one record for each key of the source and each that is deleted, as each is done:
 * those under way at the same time come in any order. `await sync(…).finish()` iterates to the end.
 *
 * Keys that cannot be copied or deleted do not stop the others: their records have an error, and the summary counts them.
 * The iteration rejects when a listing fails or is out of order, or the signal fires; run it again to go on: what was copied is
 * not copied again. Deleting begins after the source was listed to its end without an error. Leaving early stops what
 * is under way.
 *
 * An object is copied from one state, though it change meanwhile, and replaces what the target has, whatever that is by
 * then. With `mtime` the clocks of two services decide: a target whose clock is late by more than the age of an object
 * gets it again.
 */
export function sync(from: ObjectStore, to: ObjectStore, options: SyncOptions = {}): Sync {
  return new Sync(toStore(from).inner, toStore(to).inner, options);
}

export class Sync implements AsyncIterable<SyncRecord> {
  readonly #options: SyncOptions;
  readonly #copier: ObjectCopier;
  readonly #concurrency: number;
  readonly #counts = new SyncCounts();
  #isBegun = false;

  constructor(from: ObjectStore, to: ObjectStore, options: SyncOptions) {
    const { concurrency = CONCURRENCY, attributes = true } = options;
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw new StoreError('InvalidArgument', `At least 1 object is copied at once, not ${concurrency}`);
    }
    const [source, target] = [copyOrigin(from), copyOrigin(to)];
    if (
      options.filter === undefined &&
      source.store === target.store &&
      isWithin(source.prefix, target.prefix)
    ) {
      throw new StoreError(
        'InvalidArgument',
        `${from.toString()} and ${to.toString()} are one inside the other: leave that part out with a filter`,
      );
    }
    this.#options = options;
    this.#concurrency = concurrency;
    this.#copier = { from, to, attributes, between: serverSideCopy(from, to) };
  }

  /** As of now. */
  get summary(): SyncSummary {
    return this.#counts.summary;
  }

  /** Does all of it. Look at `failed`: keys that could not be copied do not reject it. */
  async finish(): Promise<SyncSummary> {
    for await (const _ of this);
    return this.summary;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SyncRecord, void> {
    if (this.#isBegun) throw new StoreError('InvalidArgument', 'A sync can be iterated once: begin another');
    this.#isBegun = true;
    const stop = new AbortController();
    const { signal } = this.#options;
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    try {
      for await (const record of this.#records(stop, either)) {
        this.#counts.add(record);
        this.#options.onProgress?.(this.summary, record);
        yield record;
      }
      if (signal?.aborted === true) throw abortedError(signal, 'list');
      this.#counts.isComplete = true;
    } finally {
      stop.abort();
    }
  }

  async *#records(stop: AbortController, signal: AbortSignal): AsyncGenerator<SyncRecord> {
    const { prefix, filter, delete: deletes = false } = this.#options;
    const running = new Set<Promise<void>>();
    const done: SyncRecord[] = [];
    const extras: ListedObject[] = [];
    let hasMore = false;
    try {
      try {
        for await (const pair of mergeListings(this.#copier.from, this.#copier.to, { prefix, signal })) {
          if (signal.aborted) break;
          const { source, target } = pair;
          if (!isMeant(filter, pair)) continue;
          if (source === undefined) {
            if (!deletes || target === undefined || hasMore) continue;
            if (extras.length < EXTRAS_MAX) extras.push(target);
            else hasMore = true;
            continue;
          }
          const record = this.#plan(pair, source);
          if (record !== undefined) {
            yield record;
            continue;
          }
          const one: Promise<void> = this.#carryOut(source, target, signal)
            .then((result) => void done.push(result))
            .finally(() => running.delete(one));
          running.add(one);
          if (running.size >= this.#concurrency) await Promise.race(running);
          yield* done.splice(0);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      while (running.size > 0) {
        await Promise.race(running);
        yield* settled(done, signal);
      }
      yield* settled(done, signal);
    } finally {
      if (running.size > 0) stop.abort();
      await Promise.allSettled(running);
    }
    if (signal.aborted) return;
    // A target that nothing is to be deleted from need not be able to.
    if (extras.length > 0) yield* this.#delete(extras, signal);
    if (hasMore) yield* this.#delete(this.#extrasAfter(extras.at(-1)?.key, signal), signal);
  }

  /** @returns the record of what is told without a look at the objects */
  #plan({ key, target }: KeyPair, source: ListedObject): SyncRecord | undefined {
    const { size } = source;
    const { compare, dryRun = false } = this.#options;
    const reason = target === undefined ? 'missing' : difference(source, target, compare);
    if (reason === 'same') return { key, action: 'skip', reason, size };
    if (!dryRun || reason === 'unknown') return undefined;
    return { key, action: target === undefined ? 'copy' : 'update', reason, size };
  }

  async #carryOut(
    source: ListedObject,
    target: ListedObject | undefined,
    signal: AbortSignal,
  ): Promise<SyncRecord> {
    const { key, size } = source;
    const { compare, dryRun = false } = this.#options;
    const found = target === undefined ? 'missing' : difference(source, target, compare);
    const action = target === undefined ? 'copy' : 'update';
    const reason = found === 'unknown' ? 'bytes' : found;
    try {
      if (found === 'unknown' && (await this.#isSame(key, signal))) {
        return { key, action: 'skip', reason: 'same', size };
      }
      if (dryRun) return { key, action, reason, size };
      const copy = this.#options.copy ?? ((one, _, stop) => copyObject(this.#copier, one, stop));
      const info = await copy(source, target, signal);
      if (info === undefined) return { key, action: 'skip', reason: 'gone', size };
      return { key, action, reason, size: info.size };
    } catch (error) {
      return { key, action, reason, size, error: asStoreError(error, key) };
    }
  }

  async #isSame(key: string, signal: AbortSignal): Promise<boolean> {
    // Loaded when it is used: it needs the system's hashes, which browsers have not.
    const { sameContent } = await import('../transfers/same-content.ts');
    const { from, to } = this.#copier;
    const { isSame } = await sameContent({ store: from, key }, { store: to, key }, { signal });
    return isSame;
  }

  async *#delete(
    extras: Iterable<ListedObject> | AsyncIterable<ListedObject>,
    signal: AbortSignal,
  ): AsyncGenerator<SyncRecord> {
    const sizes = new Map<string, number>();
    const record = (key: string, error?: StoreError): SyncRecord => {
      const size = sizes.get(key) ?? 0;
      sizes.delete(key);
      return { key, action: 'delete', reason: 'extra', size, ...(error === undefined ? {} : { error }) };
    };
    const keys = async function* (): AsyncGenerator<string> {
      for await (const { key, size } of extras) {
        sizes.set(key, size);
        yield key;
      }
    };
    if (this.#options.dryRun === true) {
      for await (const key of keys()) yield record(key);
      return;
    }
    for await (const { key, error } of this.#copier.to.delete(keys(), { signal })) yield record(key, error);
  }

  async *#extrasAfter(startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ListedObject> {
    const { prefix, filter } = this.#options;
    const { from, to } = this.#copier;
    for await (const pair of mergeListings(from, to, { prefix, startAfter, signal })) {
      if (pair.source === undefined && pair.target !== undefined && isMeant(filter, pair)) yield pair.target;
    }
  }
}

/** Takes what is done; what was stopped is as it was, and has not failed. */
function settled(done: SyncRecord[], signal: AbortSignal): SyncRecord[] {
  const records = done.splice(0);
  return signal.aborted ? records.filter(({ error }) => error === undefined) : records;
}

function isMeant(filter: SyncOptions['filter'], { key, source, target }: KeyPair): boolean {
  const object = source ?? target;
  return filter === undefined || object === undefined || filter(key, object);
}

/** Whether one of two parts of a store holds the other, and they are not the same. */
function isWithin(a: string, b: string): boolean {
  return a !== b && (a.startsWith(b) || b.startsWith(a));
}

function asStoreError(error: unknown, key: string): StoreError {
  if (isStoreError(error)) return error;
  return new StoreError('Unexpected', `${key} could not be copied`, { key, cause: error });
}
