/**
 * The checks of a blob: a CRC-32 of each block of its bytes before the codec. They find what a disk has changed while a
 * range is read, which the SHA-256 in the blob's name cannot, for that needs all of it. Pure: no files, no catalog.
 */

import { crc32 } from '@cistern/protocol';
import { DamagedBlob } from '../damaged-blob.ts';

/**
 * Bytes of a block. Who reads a few bytes reads the blocks that they are in: no more than what Linux reads ahead, and
 * 10 µs of a CRC. It costs 32 KiB of the catalog for 1 GiB. A slab holds two.
 */
export const CHECK_BLOCK_BYTES = 128 * 1024;

export const SUM_BYTES = 4;

/** Those of some blocks of a blob, little-endian, 4 bytes each. */
export interface BlockChecks {
  /** The number of the first block. */
  readonly first: number;
  readonly sums: Uint8Array;
}

/** Blocks that bytes [start, end) lie in: [first, end). */
export function blocksOf(start: number, end: number): { first: number; end: number } {
  return { first: Math.floor(start / CHECK_BLOCK_BYTES), end: Math.ceil(end / CHECK_BLOCK_BYTES) };
}

/** Of bytes as they come: in pieces that begin where a block does, and end there but the last. */
export class BlockSums {
  readonly #sums: number[] = [];

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += CHECK_BLOCK_BYTES)
      this.#sums.push(crc32(bytes.subarray(at, at + CHECK_BLOCK_BYTES)));
  }

  encode(): Buffer {
    const encoded = Buffer.allocUnsafeSlow(this.#sums.length * SUM_BYTES);
    this.#sums.forEach((sum, i) => encoded.writeUInt32LE(sum, i * SUM_BYTES));
    return encoded;
  }
}

/**
 * @param bytes from the beginning of a block on, to the end of one or of the blob
 * @param position where they are in the blob
 * @throws DamagedBlob when they are not those that were stored
 */
export function verifyBlocks(bytes: Uint8Array, position: number, { first, sums }: BlockChecks): void {
  const view = new DataView(sums.buffer, sums.byteOffset, sums.byteLength);
  for (let at = 0; at < bytes.byteLength; at += CHECK_BLOCK_BYTES) {
    const index = (position + at) / CHECK_BLOCK_BYTES - first;
    if (!Number.isInteger(index)) throw new Error('a check needs whole blocks');
    const expected =
      (index + 1) * SUM_BYTES <= sums.byteLength ? view.getUint32(index * SUM_BYTES, true) : -1;
    if (crc32(bytes.subarray(at, at + CHECK_BLOCK_BYTES)) !== expected)
      throw new DamagedBlob(`the block at ${position + at} is not what was stored`);
  }
}
