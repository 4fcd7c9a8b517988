/** An object that others append to, or replace: what is new of it since it was read last. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '@cistern/store';
import { isStoreError } from '@cistern/store/errors';
import { openRange } from './open-range.ts';

/** Of what was seen so much is compared with what is there later: appended to, it is still the same. */
const COMPARED_BYTES = 4096;

export type Grown =
  | { readonly what: 'bytes'; readonly chunk: Uint8Array }
  /** another object is there now: what follows is of that one, from its beginning */
  | { readonly what: 'replaced' }
  /** should one appear again, it is one that has replaced it */
  | { readonly what: 'gone' };

/** What was given of an object. */
export interface Seen {
  /** undefined: not all of that state was given */
  readonly etag: string | undefined;
  /** bytes, from the first on */
  readonly size: number;
  /** the last of them */
  readonly end: Uint8Array;
}

const NOTHING: Seen = { etag: undefined, size: 0, end: new Uint8Array(0) };

/** Without an end: looks again every `pollMs`. */
export async function* grownObject(
  store: Store,
  key: string,
  from: Seen,
  pollMs: number,
): AsyncGenerator<Grown> {
  let seen: Seen | undefined = from;
  for (;;) {
    await sleep(pollMs);
    const etag = await etagOf(store, key);
    if (etag === undefined) {
      if (seen !== undefined) yield { what: 'gone' };
      seen = undefined;
    } else if (etag !== seen?.etag) {
      const grower: Grower = new Grower(store, key, seen);
      yield* grower.read();
      seen = grower.seen;
    }
  }
}

/** One look at an object that has changed. */
class Grower {
  seen: Seen | undefined;
  readonly #store: Store;
  readonly #key: string;

  constructor(store: Store, key: string, seen: Seen | undefined) {
    this.#store = store;
    this.#key = key;
    this.seen = seen;
  }

  async *read(): AsyncGenerator<Grown> {
    try {
      if (this.seen !== undefined && (yield* this.#readOn(this.seen))) return;
      yield { what: 'replaced' };
      this.seen = NOTHING;
      yield* this.#readOn(this.seen);
    } catch (error) {
      // It has changed in the middle of this look: the next one tells how.
      if (!isStoreError(error, 'Conflict') && !isStoreError(error, 'NotFound')) throw error;
    }
  }

  /** What comes after `before`, of one state. @returns false: it does not begin with what was seen */
  async *#readOn(before: Seen): AsyncGenerator<Grown, boolean> {
    const window = before.end.subarray(-COMPARED_BYTES);
    await using read = await openRange(this.#store, this.#key, { start: before.size - window.byteLength });
    // No byte there: empty, as it was, or shorter than it was.
    if (read === undefined) return before.size === 0;
    let compared = 0;
    for await (const chunk of read) {
      const old = chunk.subarray(0, window.byteLength - compared);
      const expected = window.subarray(compared, compared + old.byteLength);
      if (Buffer.compare(old, expected) !== 0) return false;
      compared += old.byteLength;
      const fresh = chunk.subarray(old.byteLength);
      if (fresh.byteLength === 0) continue;
      const { size, end } = this.seen ?? before;
      this.seen = { etag: undefined, size: size + fresh.byteLength, end: joinEnds(end, fresh) };
      yield { what: 'bytes', chunk: fresh };
    }
    if (compared < window.byteLength) return false;
    this.seen = { ...(this.seen ?? before), etag: read.info.etag };
    return true;
  }
}

function joinEnds(before: Uint8Array, after: Uint8Array): Uint8Array {
  if (after.byteLength >= COMPARED_BYTES) return after.slice(-COMPARED_BYTES);
  return Buffer.concat([before.subarray(-COMPARED_BYTES), after]).subarray(-COMPARED_BYTES);
}

async function etagOf(store: Store, key: string): Promise<string | undefined> {
  try {
    return (await store.head(key)).etag;
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}
