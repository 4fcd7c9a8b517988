/** The end of an object or of an upload, found from its end: what comes before is not read. */

import type { ObjectInfo, Store } from '@cistern/store';
import { isStoreError } from '@cistern/store/errors';
import type { Amount } from './amount.ts';

/** Of the first request; each further one, before it, asks for twice as much. */
const FIRST_BYTES = 64 * 1024;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const NEWLINE = 10;
/** Of what is being written there may be another state at each look. */
const TRIES = 5;

/** Reads the bytes from `start` to `end`, which are there. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>;

export interface Tail {
  readonly info: ObjectInfo;
  /** from here on it is the end that was asked for */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** the last bytes of the object, up to some KiB, whatever was asked for */
  readonly end: Uint8Array;
}

/** All of one state of the object. Where the end is short, one request gets it. */
export async function openTail(store: Store, key: string, amount: Amount): Promise<Tail> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryTail(store, key, amount);
    } catch (error) {
      const hasChanged = isStoreError(error, 'PreconditionFailed') || isStoreError(error, 'Conflict');
      if (!hasChanged || attempt === TRIES) throw error;
    }
  }
}

async function tryTail(store: Store, key: string, amount: Amount): Promise<Tail> {
  const reading = await store.get(key, { range: { suffix: FIRST_BYTES } });
  const { info } = reading;
  const end = await reading.bytes();
  const endStart = info.size - end.byteLength;
  const ifMatch = info.etag;
  const start = await startOf(info.size, amount, async (from, to) =>
    from >= endStart
      ? end.subarray(from - endStart, to - endStart)
      : store.get(key, { range: { start: from, end: to }, ifMatch }).bytes(),
  );
  const chunks =
    start >= endStart ? one(end.subarray(start - endStart)) : store.get(key, { range: { start }, ifMatch });
  return { info, end, chunks };
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

/**
 * Where that much of the end begins: at 0 if there is no more. A last line need not have an end.
 *
 * @param size bytes in all
 */
export async function startOf(size: number, amount: Amount, read: ReadRange): Promise<number> {
  if ('bytes' in amount) return Math.max(0, size - amount.bytes);
  if (amount.lines === 0) return size;
  let left = amount.lines;
  let end = size;
  for (let bytes = FIRST_BYTES; end > 0; bytes = Math.min(REQUEST_BYTES_MAX, bytes * 2)) {
    const start = Math.max(0, end - bytes);
    const chunk = await read(start, end);
    // Where the last line ends no further one begins.
    let from = end === size ? chunk.byteLength - 2 : chunk.byteLength - 1;
    while (from >= 0) {
      const at = chunk.lastIndexOf(NEWLINE, from);
      if (at === -1) break;
      if (--left === 0) return start + at + 1;
      from = at - 1;
    }
    end = start;
  }
  return 0;
}
