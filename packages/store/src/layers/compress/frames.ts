/** Single zstd frames (RFC 8878): made by zlib, or by hand of uncompressed blocks where compressing gains nothing. Pure. */

import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import { corrupt } from '../codec/codec.ts';
import type { Frame } from './format.ts';
import { FRAME_BYTES_MAX } from './format.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Magic number, and a descriptor that says: one segment, its size in four bytes, no checksum. */
const RAW_HEADER = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]);
const RAW_HEADER_BYTES = RAW_HEADER.byteLength + 4;
const RAW_BLOCK_BYTES = 128 * 1024;
const BLOCK_HEADER_BYTES = 3;
/** A frame that asks for more memory than any of ours needs is none of ours. */
const WINDOW_LOG_MAX = Math.log2(FRAME_BYTES_MAX);

/** Runs in libuv's pool; `bytes` must not change until it resolves. */
export function compressFrame(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return compress(bytes, { params, pledgedSrcSize: bytes.byteLength });
}

/** A frame of blocks that are the bytes themselves. */
export function rawFrame(bytes: Uint8Array): Buffer {
  const { byteLength: length } = bytes;
  const frame = Buffer.allocUnsafeSlow(rawFrameBytes(length));
  frame.set(RAW_HEADER, 0);
  frame.writeUInt32LE(length, RAW_HEADER.byteLength);
  for (const { at, start, end } of rawBlocks(length)) {
    // Bit 0: the last one. Bits 1 and 2: its type, 0 for uncompressed. Then its length.
    const header = ((end - start) << 3) | (end === length ? 1 : 0);
    frame.writeUIntLE(header, at - BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES);
    frame.set(bytes.subarray(start, end), at);
  }
  return frame;
}

export function rawFrameBytes(length: number): number {
  return RAW_HEADER_BYTES + Math.ceil(length / RAW_BLOCK_BYTES) * BLOCK_HEADER_BYTES + length;
}

/**
 * The logical bytes of a frame.
 *
 * @param length how many there must be
 * @throws {StoreError} `Corrupt`
 */
export async function readFrame(
  stored: Uint8Array,
  frame: Frame,
  length: number,
  key: string,
): Promise<Uint8Array> {
  const bytes = frame.raw ? readRaw(stored, length, key) : await readCompressed(stored, length, key);
  if (bytes.byteLength !== length || crc32(bytes) !== frame.crc) {
    throw corrupt(key, 'a frame has other bytes than those that were written');
  }
  return bytes;
}

async function readCompressed(stored: Uint8Array, length: number, key: string): Promise<Uint8Array> {
  try {
    const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
    const bytes = await decompress(stored, { maxOutputLength: length, params });
    // Callers take `slice` for a copy, which it is not on a Buffer.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    throw corrupt(key, 'a frame does not decompress', error);
  }
}

function readRaw(stored: Uint8Array, length: number, key: string): Uint8Array {
  if (stored.byteLength !== rawFrameBytes(length)) throw corrupt(key, 'a frame has another length');
  const bytes = new Uint8Array(length);
  // The headers are known by the length; they are there for other decoders.
  for (const { at, start, end } of rawBlocks(length)) bytes.set(stored.subarray(at, at + end - start), start);
  return bytes;
}

/** Where the bytes of the blocks of a raw frame stand in it, and which bytes they are. */
function* rawBlocks(length: number): Generator<{ at: number; start: number; end: number }> {
  let at = RAW_HEADER_BYTES;
  for (let start = 0; start < length; start += RAW_BLOCK_BYTES) {
    const end = Math.min(length, start + RAW_BLOCK_BYTES);
    at += BLOCK_HEADER_BYTES;
    yield { at, start, end };
    at += end - start;
  }
}
