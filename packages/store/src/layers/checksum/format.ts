/**
 * The stored form of an object with checksums, version 1. Blocks of 64 KiB of the object, the last one shorter (and empty only
 * in an empty object), each followed by the SHA-256 of
 *
 *     "cistern checksum 1" NUL | where the block begins in the object: 8 bytes, big endian | 1 if it is the last, else 0 | the block
 *
 * so that a block that is damaged, moved, left out or cut off is known, and the size of the object follows from the stored one.
 */

import { createHash } from 'node:crypto';
import { collect, concat } from '../../body.ts';
import type { Span } from '../../byte-range.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { corrupt } from '../codec/codec.ts';

export const BLOCK_BYTES = 64 * 1024;
export const SUM_BYTES = 32;
const STORED_BLOCK_BYTES = BLOCK_BYTES + SUM_BYTES;
const DOMAIN = Buffer.from('cistern checksum 1\0');

/** The stored bytes of an object of `size` bytes. */
export function storedSize(size: number): number {
  return size + Math.max(1, Math.ceil(size / BLOCK_BYTES)) * SUM_BYTES;
}

/** The bytes of an object of which `stored` bytes are stored; `undefined` when none has so many. */
export function logicalSize(stored: number): number | undefined {
  const size = stored - Math.ceil(stored / STORED_BLOCK_BYTES) * SUM_BYTES;
  return size >= 0 && storedSize(size) === stored ? size : undefined;
}

/** The stored blocks that hold `span`; their end may be behind that of the object. */
export function storedSpan({ start, end }: Span): Span {
  return {
    start: Math.floor(start / BLOCK_BYTES) * STORED_BLOCK_BYTES,
    end: Math.max(1, Math.ceil(end / BLOCK_BYTES)) * STORED_BLOCK_BYTES,
  };
}

/** Where in the object the block begins that is stored at `stored`. */
export function logicalStart(stored: number): number {
  return (stored / STORED_BLOCK_BYTES) * BLOCK_BYTES;
}

function sumOf(block: Uint8Array, start: number, isLast: boolean): Buffer {
  const place = Buffer.alloc(9);
  place.writeBigUInt64BE(BigInt(start));
  place[8] = isLast ? 1 : 0;
  return createHash('sha256').update(DOMAIN).update(place).update(block).digest();
}

/** The stored form of bytes in memory. */
export function seal(bytes: Uint8Array): Promise<Uint8Array> {
  return collect(sealKnown(wholeOf(bytes), bytes.byteLength, 0));
}

/**
 * The stored form of an object of known size, from the block on that begins at `start`.
 *
 * @param chunks the object's bytes from there on
 */
export async function* sealKnown(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  start: number,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(chunks);
  try {
    let at = start;
    do {
      const end = Math.min(size, at + BLOCK_BYTES);
      const block = await reader.read(end - at);
      if (block.byteLength > 0) yield block;
      yield sumOf(block, at, end === size);
      at = end;
    } while (at < size);
    // A body that has more bytes than it said is to say so itself.
    await reader.read(1);
  } finally {
    await reader.close();
  }
}

/** The stored form of an object whose size shows at its end. @param onEnd is told the size */
export async function* sealUnknown(
  chunks: AsyncIterable<Uint8Array>,
  onEnd: (size: number) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(chunks);
  try {
    let block = await reader.readCopy(BLOCK_BYTES);
    for (let start = 0; ; start += BLOCK_BYTES) {
      // Whether it is the last one shows when there is none behind it.
      const next = block.byteLength < BLOCK_BYTES ? undefined : await reader.readCopy(BLOCK_BYTES);
      const isLast = next === undefined || next.byteLength === 0;
      if (block.byteLength > 0) yield block;
      if (isLast) onEnd(start + block.byteLength);
      yield sumOf(block, start, isLast);
      if (isLast) return;
      block = next;
    }
  } finally {
    await reader.close();
  }
}

/**
 * The bytes of `span` out of stored blocks. No byte is given before its block has been found to be right.
 *
 * @param stored from the block on that begins at `start` in the object
 * @param size of the object
 */
export async function* verify(
  stored: AsyncIterable<Uint8Array>,
  start: number,
  span: Span,
  size: number,
  key: string,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(stored);
  try {
    let at = start;
    do {
      const end = Math.min(size, at + BLOCK_BYTES);
      const piece = await reader.readCopy(end - at + SUM_BYTES);
      const block = piece.subarray(0, end - at);
      if (
        piece.byteLength !== end - at + SUM_BYTES ||
        !sumOf(block, at, end === size).equals(piece.subarray(block.byteLength))
      ) {
        throw corrupt(key, `bytes ${at} to ${end} are not those that were written`);
      }
      const wanted = block.subarray(Math.max(0, span.start - at), Math.max(0, span.end - at));
      if (wanted.byteLength > 0) yield wanted;
      at = end;
    } while (at < span.end);
  } finally {
    await reader.close();
  }
}

async function* wholeOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield concat([bytes]);
}
