/** Whether two streams carry the same bytes, however they are cut into chunks. Holds a chunk of each. */

export async function sameBytes(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const lefts = left[Symbol.asyncIterator]();
  const rights = right[Symbol.asyncIterator]();
  try {
    let a: Uint8Array = EMPTY;
    let b: Uint8Array = EMPTY;
    for (;;) {
      if (a.byteLength === 0) a = await nextChunk(lefts);
      if (b.byteLength === 0) b = await nextChunk(rights);
      const count = Math.min(a.byteLength, b.byteLength);
      // At the end of one, the other must have ended, too.
      if (count === 0) return a.byteLength === b.byteLength;
      if (!sameRun(a.subarray(0, count), b.subarray(0, count))) return false;
      a = a.subarray(count);
      b = b.subarray(count);
    }
  } finally {
    await lefts.return?.();
    await rights.return?.();
  }
}

const EMPTY = new Uint8Array(0);

async function nextChunk(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) return EMPTY;
    if (next.value.byteLength > 0) return next.value;
  }
}

function sameRun(a: Uint8Array, b: Uint8Array): boolean {
  // Browsers have no Buffer.
  if (typeof Buffer !== 'undefined') return Buffer.compare(a, b) === 0;
  return a.every((byte, position) => byte === b[position]);
}
