/** Blocks of an encrypted object: sealing and opening them, in memory and in streams. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Span } from '../../byte-range.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { corrupt } from '../codec/codec.ts';
import {
  BLOCK_BYTES,
  BLOCK_DATA,
  HEADER_BYTES,
  NONCE_BYTES,
  SEALED_BYTES,
  storedStart,
  TAG_BYTES,
} from './format.ts';

/** Blocks that go into one chunk: fewer are many small writes, more are memory. */
const BATCH_BLOCKS = 16;

/** Unique for a data key, which seals one object: its blocks are numbered, and the last one says so. */
function nonceOf(block: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce[0] = last ? 1 : 0;
  nonce.writeUInt32BE(Math.floor(block / 2 ** 32), 4);
  nonce.writeUInt32BE(block >>> 0, 8);
  return nonce;
}

function sealBlock(dataKey: Uint8Array, block: number, last: boolean, plain: Uint8Array, into: Buffer): void {
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonceOf(block, last), { authTagLength: TAG_BYTES });
  cipher.setAAD(BLOCK_DATA);
  into.set(cipher.update(plain), 0);
  cipher.final();
  into.set(cipher.getAuthTag(), plain.byteLength);
}

/** @throws {StoreError} `Corrupt`: other bytes, another place, another object, or not the last block where it should be */
function openBlock(
  dataKey: Uint8Array,
  block: number,
  last: boolean,
  sealed: Uint8Array,
  key: string,
): Uint8Array {
  const size = sealed.byteLength - TAG_BYTES;
  if (size < 0) throw corrupt(key, `its block ${block} is cut off`);
  const decipher = createDecipheriv('aes-256-gcm', dataKey, nonceOf(block, last), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(BLOCK_DATA);
  decipher.setAuthTag(sealed.subarray(size));
  const plain = decipher.update(sealed.subarray(0, size));
  try {
    decipher.final();
  } catch (error) {
    throw corrupt(key, `its block ${block} is not what was written there`, error);
  }
  // Callers take `slice` for a copy, which it is not on a Buffer.
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}

/** Some of the stored bytes of an object whose logical bytes are all in memory. */
export async function* sealSpan(
  header: Buffer,
  dataKey: Uint8Array,
  bytes: Uint8Array,
  { start, end }: Span,
): AsyncGenerator<Uint8Array> {
  if (start < Math.min(end, HEADER_BYTES))
    yield await Promise.resolve(header.subarray(start, Math.min(end, HEADER_BYTES)));
  const lastBlock = Math.floor(bytes.byteLength / BLOCK_BYTES);
  let block = Math.floor(Math.max(0, start - HEADER_BYTES) / SEALED_BYTES);
  for (; block <= lastBlock && storedStart(block) < end; block++) {
    const plain = bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const sealed = Buffer.allocUnsafeSlow(plain.byteLength + TAG_BYTES);
    sealBlock(dataKey, block, block === lastBlock, plain, sealed);
    yield sealed.subarray(Math.max(0, start - storedStart(block)), end - storedStart(block));
  }
}

/**
 * The stored bytes of an object, as its logical ones come.
 *
 * @param onSize called with the logical bytes when all have come
 */
export async function* sealStream(
  header: Buffer,
  dataKey: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
  onSize: (size: number) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(chunks);
  try {
    let before = header;
    for (let block = 0; ;) {
      const plain = await reader.read(BATCH_BLOCKS * BLOCK_BYTES);
      const ends = plain.byteLength < BATCH_BLOCKS * BLOCK_BYTES;
      const blocks = Math.floor(plain.byteLength / BLOCK_BYTES) + (ends ? 1 : 0);
      const sealed = Buffer.allocUnsafeSlow(before.byteLength + plain.byteLength + blocks * TAG_BYTES);
      sealed.set(before, 0);
      for (let i = 0; i < blocks; i++, block++) {
        sealBlock(
          dataKey,
          block,
          ends && i === blocks - 1,
          plain.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES),
          sealed.subarray(before.byteLength + i * SEALED_BYTES),
        );
      }
      before = Buffer.alloc(0);
      if (ends) onSize((block - 1) * BLOCK_BYTES + (plain.byteLength % BLOCK_BYTES));
      yield sealed;
      if (ends) return;
    }
  } finally {
    await reader.close();
  }
}

/**
 * Logical bytes out of stored ones.
 *
 * @param stored the stored bytes from `from` on, to the end of the blocks that hold `span` or farther
 * @param size logical bytes of the object
 */
export async function* openStream(
  stored: AsyncIterable<Uint8Array>,
  from: number,
  dataKey: Uint8Array,
  span: Span,
  size: number,
  key: string,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(stored);
  try {
    const lastBlock = Math.floor(size / BLOCK_BYTES);
    const first = Math.floor(span.start / BLOCK_BYTES);
    await reader.skip(storedStart(first) - from);
    for (let block = first; block <= lastBlock; block++) {
      const start = block * BLOCK_BYTES;
      // The last block is opened whenever the end was asked for: it alone proves that nothing was cut off.
      if (start >= span.end && span.end < size) break;
      const bytes = Math.min(BLOCK_BYTES, size - start);
      const sealed = await reader.read(bytes + TAG_BYTES);
      if (sealed.byteLength < bytes + TAG_BYTES) throw corrupt(key, `it ends in its block ${block}`);
      const plain = openBlock(dataKey, block, block === lastBlock, sealed, key);
      const piece = plain.subarray(Math.max(0, span.start - start), Math.max(0, span.end - start));
      if (piece.byteLength > 0) yield piece;
    }
  } finally {
    await reader.close();
  }
}
