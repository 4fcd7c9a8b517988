/** Bodies in pieces of one size, whatever sizes they come in: for stores that write so. */

/** Slices at first take this much memory, and more as bytes come. */
const FIRST_BYTES = 64 * 1024;

/**
 * Gathers chunks into slices of `bytesEach`, the last of which may be shorter. They are copies, since a source may use its
 * memory again, and so does this: a slice is good until the next one is asked for.
 */
export async function* toSlices(
  chunks: AsyncIterable<Uint8Array>,
  bytesEach: number,
): AsyncGenerator<Uint8Array> {
  let slice = new Uint8Array(Math.min(FIRST_BYTES, bytesEach));
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.byteLength;) {
      const count = Math.min(chunk.byteLength - taken, bytesEach - filled);
      if (filled + count > slice.byteLength) {
        const larger = new Uint8Array(Math.min(bytesEach, Math.max(filled + count, slice.byteLength * 2)));
        larger.set(slice.subarray(0, filled));
        slice = larger;
      }
      slice.set(chunk.subarray(taken, taken + count), filled);
      filled += count;
      taken += count;
      if (filled < bytesEach) continue;
      yield slice;
      filled = 0;
    }
  }
  if (filled > 0) yield slice.subarray(0, filled);
}

/** Bytes in memory as slices, not copied. */
export function* sliceBytes(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}
