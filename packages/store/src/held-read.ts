/** Reads that keep something from being removed until their body is at its end or closed. */

import type { Span } from './byte-range.ts';
import { objectRead } from './object-read.ts';
import type { ObjectInfo, ObjectRead } from './object-store.ts';

/** @param release lets go of what `body` needs; called once */
export function heldRead(
  info: ObjectInfo,
  range: Span,
  body: AsyncIterable<Uint8Array>,
  release: () => void,
): ObjectRead {
  let held = true;
  const releaseOnce = (): void => {
    if (held) release();
    held = false;
  };
  const chunks = releasing(body, releaseOnce);
  const close = async (): Promise<void> => {
    await chunks.return(undefined);
    // A body that nobody has begun to read ends without a word.
    releaseOnce();
  };
  return objectRead(info, range, chunks, close);
}

async function* releasing(body: AsyncIterable<Uint8Array>, release: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    release();
  }
}
