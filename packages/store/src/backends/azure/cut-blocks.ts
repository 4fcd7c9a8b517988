/** Cuts a stream into blocks of given sizes, in memory that is used again for the blocks that follow. */

export interface Block {
  readonly bytes: Uint8Array;
  /** no bytes come after these */
  readonly last: boolean;
  /** To be called when the bytes are not needed any more. */
  readonly release: () => void;
}

/** Blocks at first take this much memory, and more as bytes come. */
const FIRST_BYTES = 64 * 1024;

/**
 * @param sizeOf bytes of the block of that index; may throw
 * @returns blocks of these sizes, the last one smaller; none for an empty stream
 */
export async function* cutBlocks(
  chunks: AsyncIterable<Uint8Array>,
  sizeOf: (index: number) => number,
): AsyncGenerator<Block, undefined> {
  const spare: Uint8Array[] = [];
  const take = (size: number): Uint8Array => {
    const used = spare.pop();
    return used !== undefined && used.byteLength <= size ? used : new Uint8Array(Math.min(size, FIRST_BYTES));
  };
  const block = (memory: Uint8Array, filled: number, last: boolean): Block => ({
    bytes: memory.subarray(0, filled),
    last,
    release: () => spare.push(memory),
  });
  let index = 0;
  let size = sizeOf(index);
  let memory = take(size);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.byteLength;) {
      // Only now is it known that the full block is not the last.
      if (filled === size) {
        yield block(memory, filled, false);
        size = sizeOf(++index);
        memory = take(size);
        filled = 0;
      }
      const count = Math.min(chunk.byteLength - taken, size - filled);
      memory = grow(memory, filled, filled + count, size);
      memory.set(chunk.subarray(taken, taken + count), filled);
      filled += count;
      taken += count;
    }
  }
  if (filled > 0) yield block(memory, filled, true);
  return undefined;
}

function grow(memory: Uint8Array, filled: number, needed: number, size: number): Uint8Array {
  if (needed <= memory.byteLength) return memory;
  const larger = new Uint8Array(Math.min(size, Math.max(needed, memory.byteLength * 2)));
  larger.set(memory.subarray(0, filled));
  return larger;
}
