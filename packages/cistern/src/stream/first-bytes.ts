/** The beginning of an object: no more is asked for than is likely to be needed. */

import type { Store } from '@cistern/store';
import { openRange } from './open-range.ts';

/** Of the first request; each further one asks for twice as much. */
const FIRST_BYTES = 64 * 1024;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const NEWLINE = 10;

/** @param count 1 or more */
export async function* firstBytes(store: Store, key: string, count: number): AsyncGenerator<Uint8Array> {
  const read = await openRange(store, key, { start: 0, end: count });
  if (read !== undefined) yield* read;
}

/**
 * Up to the end of line `count`, or all of the object if it has fewer. All of one state: another one in the middle is
 * `PreconditionFailed`.
 *
 * @param count 1 or more
 */
export async function* firstLines(store: Store, key: string, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  let start = 0;
  let etag: string | undefined;
  for (let bytes = FIRST_BYTES; ; bytes = Math.min(REQUEST_BYTES_MAX, bytes * 2)) {
    await using read = await openRange(store, key, { start, end: start + bytes }, etag);
    if (read === undefined) return;
    for await (const chunk of read) {
      const { end, lines } = endOfLine(chunk, left);
      left -= lines;
      yield chunk.subarray(0, end);
      if (left === 0) return;
    }
    start = read.range.end;
    etag = read.info.etag;
    if (start >= read.info.size) return;
  }
}

/** Where line `count` ends in the chunk, or its end; and how many lines end before. */
function endOfLine(chunk: Uint8Array, count: number): { readonly end: number; readonly lines: number } {
  let from = 0;
  for (let lines = 0; lines < count; lines++) {
    const at = chunk.indexOf(NEWLINE, from);
    if (at === -1) return { end: chunk.byteLength, lines };
    from = at + 1;
  }
  return { end: from, lines: count };
}
