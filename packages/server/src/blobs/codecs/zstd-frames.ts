/**
 * The codec "zstd frames": bytes as independent zstd frames, each of FRAME_BYTES of them but the last, so that a range
 * is read by decoding the frames that it touches. What is stored is what `zstd -d` takes. Pure: no files.
 */

import type { Transform } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { DamagedBlob } from '../damaged-blob.ts';
import { SLAB_BYTES } from '../ingest/slab-pool.ts';

/** A frame is what a slab holds: nothing is copied together to make one. Measured: docs/decisions/003. */
export const FRAME_BYTES = SLAB_BYTES;

/** Bytes that hold the stored length of a frame in a map; a frame that does not shrink is a little longer than its bytes. */
const LENGTH_WIDTH = 3;
const HEADER_BYTES = 4;

/** With a checksum: damage that still decodes would be other bytes otherwise. */
const COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 3,
  [constants.ZSTD_c_checksumFlag]: 1,
};

/** In a frame's header (RFC 8878, 3.1.1.1): one bit less, and nobody looks at the checksum that stands behind the bytes. */
const DESCRIPTOR_AT = 4;
const HAS_CHECKSUM = 0x04;

/** Beyond a frame's bytes, so that all of it comes out in one piece: a full one could have more behind it. */
const SLACK_BYTES = 1024;

/** One frame. Runs in libuv's pool; `bytes` must not change until it resolves. */
export function compressFrame(bytes: Uint8Array): Promise<Buffer> {
  const { byteLength: pledgedSrcSize } = bytes;
  const chunkSize = pledgedSrcSize + SLACK_BYTES;
  return run(createZstdCompress({ params: COMPRESSION, pledgedSrcSize, chunkSize }), bytes, chunkSize);
}

/**
 * The bytes of one frame. Runs in libuv's pool.
 *
 * @param length how many there are
 * @throws DamagedBlob when it is no whole frame of so many bytes
 */
export async function decompressFrame(frame: Uint8Array, length: number): Promise<Buffer> {
  if (((frame[DESCRIPTOR_AT] ?? 0) & HAS_CHECKSUM) === 0) throw new DamagedBlob('a frame has no checksum');
  const bytes = await run(createZstdDecompress({ chunkSize: length + SLACK_BYTES }), frame, length).catch(
    (cause: Error) => {
      throw new DamagedBlob(cause.message, { cause });
    },
  );
  if (bytes.length !== length) throw new DamagedBlob(`a frame has ${bytes.length} bytes, not ${length}`);
  return bytes;
}

/** What comes out of `engine` for `input`, in the memory that it has made for that: zlib's own functions copy it together. */
function run(engine: Transform, input: Uint8Array, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let length = 0;
    engine.on('data', (chunk: Buffer) => {
      first ??= chunk;
      // Less than its memory has: all of it is there, one piece behind the other.
      length += chunk.length;
      if (length > most) engine.destroy(new Error(`more than ${most} bytes come out`));
    });
    engine.once('error', reject);
    engine.once('end', () => {
      engine.destroy();
      resolve(first === undefined ? Buffer.alloc(0) : Buffer.from(first.buffer, first.byteOffset, length));
    });
    engine.end(input);
  });
}

/**
 * Gives the memory of what `compressFrame` or `decompressFrame` has made back at once. Left to the garbage collector,
 * hundreds of megabytes a second of it wait for their end.
 *
 * @param length bytes of the frame before compression
 */
export function releaseFrame({ buffer }: Buffer, length: number): void {
  // Memory that is not its alone has another size.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length + SLACK_BYTES) buffer.transfer(0);
}

/** The map of a blob's frames, as its row keeps it: the bytes of a frame (u32), then each stored length (u24), little-endian. */
export function encodeFrameMap(storedLengths: readonly number[]): Buffer {
  const map = Buffer.allocUnsafeSlow(HEADER_BYTES + LENGTH_WIDTH * storedLengths.length);
  let at = map.writeUInt32LE(FRAME_BYTES);
  for (const length of storedLengths) at = map.writeUIntLE(length, at, LENGTH_WIDTH);
  return map;
}

export interface Frame {
  /** In the stored bytes. */
  readonly start: number;
  readonly end: number;
  /** Of its bytes in the blob's. */
  readonly position: number;
  readonly length: number;
}

/** A map that is read: where frames are. Going forward from one frame to the next costs nothing. */
export class FrameMap {
  readonly #map: Buffer;
  readonly #frameBytes: number;
  /** Bytes before compression. */
  readonly logical: number;
  readonly #count: number;
  #index = 0;
  #start = 0;

  /** @throws DamagedBlob when it cannot be the map of so many bytes */
  constructor(map: Uint8Array, logical: number) {
    this.#map = Buffer.from(map.buffer, map.byteOffset, map.byteLength);
    if (map.byteLength < HEADER_BYTES) throw new DamagedBlob('its map is too short');
    this.#frameBytes = this.#map.readUInt32LE(0);
    this.logical = logical;
    this.#count = Math.ceil(logical / this.#frameBytes);
    if (map.byteLength !== HEADER_BYTES + LENGTH_WIDTH * this.#count)
      throw new DamagedBlob(`its map is not one of ${logical} bytes`);
  }

  /** The frame with the byte at `position`, which is before the end. */
  at(position: number): Frame {
    const index = Math.floor(position / this.#frameBytes);
    if (index < this.#index) this.#index = this.#start = 0;
    while (this.#index < index) this.#start += this.#stored(this.#index++);
    const from = index * this.#frameBytes;
    return {
      start: this.#start,
      end: this.#start + this.#stored(index),
      position: from,
      length: Math.min(this.#frameBytes, this.logical - from),
    };
  }

  #stored(index: number): number {
    return this.#map.readUIntLE(HEADER_BYTES + LENGTH_WIDTH * index, LENGTH_WIDTH);
  }
}
