/**
 * The index of a compressed object: where its frames are, and what they must decode to. docs/store-formats.md is the
 * description. The whole object is what `zstd -d` takes: the index stands in a frame that decoders skip.
 */

import { crc32 } from 'node:zlib';
import { StoreError } from '../../errors.ts';
import { corrupt } from '../codec/codec.ts';

export const FOOTER_BYTES = 36;
export const FRAME_BYTES_MIN = 4 * 1024;
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;
/** Bounds the index, which is held in memory, to 128 MiB. */
export const FRAMES_MAX = 2 ** 24;

const ENTRY_BYTES = 8;
const SKIPPABLE_MAGIC = 0x18_4d_2a_5c;
const SKIPPABLE_HEADER_BYTES = 8;
const MAGIC = Buffer.from('CISTNZST', 'latin1');
const VERSION = 1;
/** Where the fields of the footer begin. */
const AT = { size: 0, count: 8, frameBytes: 12, version: 16, indexCrc: 20, crc: 24, magic: 28 } as const;
const RAW = 0x80_00_00_00;

export interface Frame {
  /** stored bytes */
  readonly stored: number;
  /** a zstd frame of uncompressed blocks */
  readonly raw: boolean;
  /** CRC-32 of the logical bytes */
  readonly crc: number;
}

/** Collects frames as they are written. */
export class IndexWriter {
  #entries = Buffer.allocUnsafe(64 * ENTRY_BYTES);
  #count = 0;

  /** @throws {StoreError} `TooLarge` */
  add({ stored, raw, crc }: Frame): void {
    if (this.#count === FRAMES_MAX) {
      throw new StoreError('TooLarge', `An object has ${FRAMES_MAX} frames at most: choose larger ones`, {
        operation: 'put',
      });
    }
    const at = this.#count++ * ENTRY_BYTES;
    if (at === this.#entries.byteLength) this.#entries = Buffer.concat([this.#entries], at * 2);
    this.#entries.writeUInt32LE(raw ? (stored | RAW) >>> 0 : stored, at);
    this.#entries.writeUInt32LE(crc, at + 4);
  }

  /** @returns what follows the last frame: the index and the footer, in a frame of their own */
  end(size: number, frameBytes: number): Buffer {
    const entries = this.#entries.subarray(0, this.#count * ENTRY_BYTES);
    const header = Buffer.alloc(SKIPPABLE_HEADER_BYTES);
    header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
    header.writeUInt32LE(entries.byteLength + FOOTER_BYTES, 4);
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeBigUInt64LE(BigInt(size), AT.size);
    footer.writeUInt32LE(this.#count, AT.count);
    footer.writeUInt32LE(frameBytes, AT.frameBytes);
    footer.writeUInt8(VERSION, AT.version);
    footer.writeUInt32LE(crc32(entries), AT.indexCrc);
    footer.writeUInt32LE(crc32(footer.subarray(0, AT.crc)), AT.crc);
    footer.set(MAGIC, AT.magic);
    return Buffer.concat([header, entries, footer]);
  }
}

export interface Footer {
  /** logical bytes */
  readonly size: number;
  readonly frameBytes: number;
  readonly count: number;
  /** where the index's own frame begins, which is where the last frame of data ends */
  readonly dataEnd: number;
  readonly indexCrc: number;
}

/**
 * @param tail the last bytes of an object
 * @param stored bytes of the whole object
 * @throws {StoreError} `Corrupt`; `Unsupported` for a newer format
 */
export function readFooter(tail: Uint8Array, stored: number, key: string): Footer {
  if (tail.byteLength < FOOTER_BYTES) throw corrupt(key, 'it is shorter than the end of a compressed object');
  const footer = asBuffer(tail.subarray(tail.byteLength - FOOTER_BYTES));
  if (!footer.subarray(AT.magic).equals(MAGIC)) throw corrupt(key, 'it does not end as a compressed object');
  if (footer.readUInt32LE(AT.crc) !== crc32(footer.subarray(0, AT.crc))) {
    throw corrupt(key, 'its footer has other bytes');
  }
  const version = footer.readUInt8(AT.version);
  if (version !== VERSION) {
    throw new StoreError(
      'Unsupported',
      `${key} is compressed in format ${version}, and this version of the library reads ${VERSION}: update it`,
      { operation: 'get', key },
    );
  }
  const size = Number(footer.readBigUInt64LE(AT.size));
  const count = footer.readUInt32LE(AT.count);
  const frameBytes = footer.readUInt32LE(AT.frameBytes);
  const dataEnd = stored - FOOTER_BYTES - count * ENTRY_BYTES - SKIPPABLE_HEADER_BYTES;
  const sound =
    Number.isSafeInteger(size) &&
    frameBytes >= FRAME_BYTES_MIN &&
    frameBytes <= FRAME_BYTES_MAX &&
    count === Math.ceil(size / frameBytes) &&
    count <= FRAMES_MAX &&
    dataEnd >= 0;
  if (!sound) throw corrupt(key, 'its footer contradicts itself');
  return { size, frameBytes, count, dataEnd, indexCrc: footer.readUInt32LE(AT.indexCrc) };
}

/** The frames of an object. */
export class Index {
  readonly footer: Footer;
  readonly #entries: Buffer;

  /**
   * @param bytes from the end of the data to the end of the object
   * @throws {StoreError} `Corrupt`
   */
  constructor(footer: Footer, bytes: Uint8Array, key: string) {
    const all = asBuffer(bytes);
    this.footer = footer;
    this.#entries = all.subarray(SKIPPABLE_HEADER_BYTES, all.byteLength - FOOTER_BYTES);
    if (this.#entries.byteLength !== footer.count * ENTRY_BYTES) throw corrupt(key, 'its index is cut off');
    const sound =
      all.readUInt32LE(0) === SKIPPABLE_MAGIC &&
      all.readUInt32LE(4) === this.#entries.byteLength + FOOTER_BYTES &&
      crc32(this.#entries) === footer.indexCrc &&
      this.position(footer.count) === footer.dataEnd;
    if (!sound) throw corrupt(key, 'its index has other bytes');
    for (let frame = 0; frame < footer.count; frame++) {
      if (this.#storedAt(frame) > storedMax(this.length(frame)))
        throw corrupt(key, `its frame ${frame} is said to have far more bytes than it decodes to`);
    }
  }

  at(frame: number): Frame {
    const word = this.#entries.readUInt32LE(frame * ENTRY_BYTES);
    return {
      stored: word & ~RAW,
      raw: (word & RAW) !== 0,
      crc: this.#entries.readUInt32LE(frame * ENTRY_BYTES + 4),
    };
  }

  /** Where a frame begins in the stored bytes. */
  position(frame: number): number {
    let position = 0;
    for (let at = 0; at < frame * ENTRY_BYTES; at += ENTRY_BYTES) {
      position += this.#entries.readUInt32LE(at) & ~RAW;
    }
    return position;
  }

  #storedAt(frame: number): number {
    return this.#entries.readUInt32LE(frame * ENTRY_BYTES) & ~RAW;
  }

  /** Logical bytes of a frame. */
  length(frame: number): number {
    const { size, frameBytes } = this.footer;
    return Math.min(frameBytes, size - frame * frameBytes);
  }
}

/** A frame is read into memory: no zstd frame of so many bytes is larger, compressed or not. */
function storedMax(length: number): number {
  return length + Math.ceil(length / 128) + 1024;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
