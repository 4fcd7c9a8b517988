/** The layer that keeps what is read of a store in a faster one. */

import { StoreError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { CacheStore } from './cache/cache-store.ts';

export interface CacheOptions {
  /**
   * what is kept goes here: memory, files. It is the cache's alone (give it a `prefix` of a store that is not), and one cache's. What
   * an earlier process has left in it is used again.
   */
  readonly store: ObjectStore;
  /** bytes that are kept, at most: the blocks used least recently are given up. Some more for a moment while they are written. */
  readonly bytes: number;
  /** bytes that are fetched and kept together; 1 MiB when left out */
  readonly blockBytes?: number | undefined;
  /**
   * milliseconds for which what the origin said is good: other processes' writes may show that much later. 0 when left out:
   * the origin is asked with each read whether the object is still the same, which costs one request without a body.
   */
  readonly maxAgeMs?: number | undefined;
  /** `true`: objects never change once they are there, so that nothing is ever asked again */
  readonly immutable?: boolean | undefined;
  /** what is written: `around` the cache (when left out), or `through` it, so that the next read finds it there */
  readonly writes?: 'around' | 'through' | undefined;
  /** with `through`: larger objects are written around, since they are in memory until they are written; 8 MiB when left out */
  readonly throughBytesMax?: number | undefined;
}

/**
 * A faster store in front of `origin`. Reads fetch the blocks that they need and no others, and keep them; all who need a
 * block at the same time get it from one fetch, as it arrives. One of them who leaves does not end it for the others.
 *
 * Writes of this process show at once. Those of others show at once, too, unless `maxAgeMs` or `immutable` say otherwise; but a read
 * that joins a look at the origin which is under way sees the state of that look. A block belongs to one etag, so that no
 * read mixes two states: an object that changes while it is read, and is not in the cache, rejects with `Conflict`.
 *
 * The cache never makes a read fail: a block is checked when it is read, and one that is damaged, missing or not to be had
 * comes from the origin. A cache's store that is slower than the origin does not hold reads up, it is just not filled. One that never
 * answers does: give it a time limit (`retry`). With `immutable`, a delete removes what the cache has before the object.
 *
 * Listings, versions, uploads in progress and presigned URLs are the origin's. What is written through a presigned
 * URL is another process's write. Bodies that can be read again (files) are written around the cache, always.
 * `close` closes both stores.
 *
 * @throws {StoreError} `InvalidArgument`
 */
export function cache(options: CacheOptions, origin: ObjectStore): Store {
  const {
    store,
    bytes,
    blockBytes = 1024 * 1024,
    maxAgeMs = 0,
    immutable = false,
    writes = 'around',
    throughBytesMax = 8 * 1024 * 1024,
  } = options;
  check('bytes', bytes, 0, Number.MAX_SAFE_INTEGER);
  check('blockBytes', blockBytes, 1024, 2 ** 30);
  check('maxAgeMs', maxAgeMs, 0, Number.MAX_SAFE_INTEGER);
  check('throughBytesMax', throughBytesMax, 0, 2 ** 32);
  const kept = toStore(store).inner;
  if (!kept.capabilities.write || !kept.capabilities.list) {
    throw new StoreError(
      'InvalidArgument',
      `A cache keeps things in a store that it can write to and list, not ${kept.toString()}`,
      {
        operation: 'open',
      },
    );
  }
  const layer = new CacheStore(
    {
      store: kept,
      bytes,
      blockBytes,
      maxAgeMs: immutable ? Number.POSITIVE_INFINITY : maxAgeMs,
      throughBytesMax: writes === 'through' ? throughBytesMax : 0,
    },
    toStore(origin).inner,
  );
  return new Store(layer);
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new StoreError(
    'InvalidArgument',
    `${name} is a whole number from ${least} to ${most}, not ${value}`,
    {
      operation: 'open',
    },
  );
}
