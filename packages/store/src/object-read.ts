/** Makes what `get` gives, for backends. */

import type { Span } from './byte-range.ts';
import type { ObjectInfo, ObjectRead } from './object-store.ts';

/**
 * @param body the bytes of `range`; its iterator's `return` lets go of what stands behind it
 * @param close lets go of a body that nobody has begun to read
 */
export function objectRead(
  info: ObjectInfo,
  range: Span,
  body: AsyncIterable<Uint8Array>,
  close: () => Promise<void> = closeBody(body),
): ObjectRead {
  return { info, range, body, close, [Symbol.asyncDispose]: close };
}

/** The answer to `head`: no bytes. */
export function headRead(info: ObjectInfo): ObjectRead {
  return objectRead(info, { start: 0, end: 0 }, EMPTY, () => Promise.resolve());
}

const EMPTY: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

function closeBody(body: AsyncIterable<Uint8Array>): () => Promise<void> {
  return async () => {
    await body[Symbol.asyncIterator]().return?.();
  };
}
