/** A body in memory that tells how far it is sent: slices, of which each is asked for when the connection has taken the ones before. */

const SLICE_BYTES = 512 * 1024;

/** @param onSent told of the bytes that were taken, counted from the body's beginning; of the last ones nobody knows before the answer */
export async function* sentSlices(
  bytes: Uint8Array,
  onSent: (position: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += SLICE_BYTES) {
    if (start > 0) onSent(start);
    yield bytes.subarray(start, start + SLICE_BYTES);
  }
}
