/** Which bytes of a large download are on the disk: blocks of one size, each with the CRC-32 of what came. */

import { combinedCrc32 } from './sums.ts';

const MIB = 1024 * 1024;
/** What is lost at most of each range when a transfer breaks off. */
const BLOCK_BYTES = MIB;
/** Of large objects blocks are larger: what is remembered of them stays a few dozen KiB. */
const BLOCKS_MAX = 8192;

export interface Run {
  /** bytes: half open */
  readonly start: number;
  readonly end: number;
}

export class Blocks {
  /** bytes of the object */
  readonly size: number;
  /** bytes of each block but the last */
  readonly blockSize: number;
  readonly #sums: (number | undefined)[];

  constructor(size: number, blockSize = Math.max(BLOCK_BYTES, Math.ceil(size / BLOCKS_MAX / MIB) * MIB)) {
    this.size = size;
    this.blockSize = blockSize;
    this.#sums = Array.from({ length: Math.ceil(size / blockSize) }, () => undefined);
  }

  /** @param text of `toText`; blocks that it does not know, or that make no sense, are missing */
  static fromText(size: number, text: unknown): Blocks | undefined {
    if (typeof text !== 'string') return undefined;
    const [first = '', sums = ''] = text.split(' ');
    const blocks = new Blocks(size);
    if (Number(first) !== blocks.blockSize) return undefined;
    for (const [index, sum] of sums.split(',').entries()) {
      if (index < blocks.#sums.length && /^[0-9a-f]{1,8}$/.test(sum)) {
        blocks.#sums[index] = Number.parseInt(sum, 16);
      }
    }
    return blocks;
  }

  toText(): string {
    return `${this.blockSize} ${this.#sums.map((sum) => sum?.toString(16) ?? '').join(',')}`;
  }

  /** The block that begins at `start`: its end. */
  endOf(start: number): number {
    return Math.min(this.size, start + this.blockSize);
  }

  set(start: number, crc32: number | undefined): void {
    this.#sums[start / this.blockSize] = crc32;
  }

  /** Blocks that are there, in order. */
  *present(): Generator<Run & { readonly crc32: number }> {
    for (const [index, crc32] of this.#sums.entries()) {
      const start = index * this.blockSize;
      if (crc32 !== undefined) yield { start, end: this.endOf(start), crc32 };
    }
  }

  /** What is missing, in whole blocks, in pieces of about `bytes`. As it is when each is asked for. */
  *missing(bytes: number): Generator<Run> {
    const most = Math.max(1, Math.round(bytes / this.blockSize));
    for (let index = 0; index < this.#sums.length;) {
      if (this.#sums[index] !== undefined) {
        index++;
        continue;
      }
      const first = index;
      while (index < this.#sums.length && index - first < most && this.#sums[index] === undefined) index++;
      yield { start: first * this.blockSize, end: Math.min(this.size, index * this.blockSize) };
    }
  }

  /** The CRC-32 of the whole, in Base64, once nothing is missing. */
  crc32(): string {
    function* pieces(
      present: Iterable<Run & { crc32: number }>,
    ): Generator<{ crc32: number; length: number }> {
      for (const { start, end, crc32 } of present) yield { crc32, length: end - start };
    }
    return combinedCrc32(pieces(this.present()));
  }
}
