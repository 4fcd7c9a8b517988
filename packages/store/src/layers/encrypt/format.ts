/**
 * The header of an encrypted object and its arithmetic: which stored bytes hold which logical ones. docs/store-formats.md
 * is the description; nothing here knows of stores.
 */

import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Span } from '../../byte-range.ts';
import { StoreError } from '../../errors.ts';
import { corrupt } from '../codec/codec.ts';

export const BLOCK_BYTES = 65_536;
export const TAG_BYTES = 16;
export const SEALED_BYTES = BLOCK_BYTES + TAG_BYTES;
export const HEADER_BYTES = 108;
export const KEY_ID_BYTES_MAX = 32;
export const NONCE_BYTES = 12;
export const DATA_KEY_BYTES = 32;

const MAGIC = Buffer.from('CISTNENC', 'latin1');
const VERSION = 1;
const BLOCK_BYTES_LOG2 = 16;
/** Where the fields of the header begin. */
const AT = {
  version: 8,
  blockLog2: 9,
  idLength: 10,
  id: 12,
  nonce: 44,
  wrapped: 56,
  tag: 88,
  crc: 104,
} as const;

/** What every block authenticates beside its bytes: that it is one of this format. */
export const BLOCK_DATA = Buffer.from([...MAGIC, VERSION, BLOCK_BYTES_LOG2]);

/** Stored bytes of an object. Its last block is the one that is not full: the empty one, if need be. */
export function storedSize(size: number): number {
  return HEADER_BYTES + size + TAG_BYTES * (Math.floor(size / BLOCK_BYTES) + 1);
}

/** Logical bytes of an object; `undefined` when no object has so many stored ones. */
export function logicalSize(stored: number): number | undefined {
  const body = stored - HEADER_BYTES;
  const full = Math.floor(body / SEALED_BYTES);
  const last = body - full * SEALED_BYTES;
  return body < 0 || last < TAG_BYTES ? undefined : full * BLOCK_BYTES + last - TAG_BYTES;
}

/** The stored bytes of the blocks that hold `span`, of an object of `size` logical bytes. */
export function storedSpan(span: Span, size: number): Span {
  const first = Math.floor(span.start / BLOCK_BYTES);
  // What ends with the object takes the last block along, though it be empty: it proves that this is the end.
  const end = span.end === size ? storedSize(size) : storedStart(Math.ceil(span.end / BLOCK_BYTES));
  return { start: storedStart(first), end };
}

/** Where a block begins. */
export function storedStart(block: number): number {
  return HEADER_BYTES + block * SEALED_BYTES;
}

/** @returns the header of an object whose blocks are sealed with `dataKey` */
export function writeHeader(
  keyId: string,
  master: KeyObject,
  dataKey: Uint8Array,
  nonce: Uint8Array,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(BLOCK_DATA, 0);
  header[AT.idLength] = header.write(keyId, AT.id, KEY_ID_BYTES_MAX, 'utf8');
  header.set(nonce, AT.nonce);
  const cipher = createCipheriv('aes-256-gcm', master, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(header.subarray(0, AT.nonce));
  header.set(cipher.update(dataKey), AT.wrapped);
  cipher.final();
  header.set(cipher.getAuthTag(), AT.tag);
  header.writeUInt32LE(crc32(header.subarray(0, AT.crc)), AT.crc);
  return header;
}

export interface Header {
  readonly keyId: string;
  readonly dataKey: Uint8Array;
}

/**
 * @param keys all that are known
 * @throws {StoreError} `Corrupt`; `Unsupported` for a newer format; `Unauthenticated` when the master key is not known
 */
export function readHeader(bytes: Uint8Array, keys: ReadonlyMap<string, KeyObject>, key: string): Header {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.byteLength < HEADER_BYTES)
    throw corrupt(key, 'it is shorter than the header of an encrypted object');
  if (!header.subarray(0, MAGIC.byteLength).equals(MAGIC))
    throw corrupt(key, 'it is not an encrypted object');
  if (header.readUInt32LE(AT.crc) !== crc32(header.subarray(0, AT.crc)))
    throw corrupt(key, 'its header has other bytes');
  if (header[AT.version] !== VERSION || header[AT.blockLog2] !== BLOCK_BYTES_LOG2) {
    throw new StoreError(
      'Unsupported',
      `${key} is encrypted in format ${header[AT.version]}, and this version of the library reads ${VERSION}: update it`,
      { operation: 'get', key },
    );
  }
  const keyId = header.toString('utf8', AT.id, AT.id + Math.min(header[AT.idLength] ?? 0, KEY_ID_BYTES_MAX));
  const master = keys.get(keyId);
  if (master === undefined) {
    throw new StoreError(
      'Unauthenticated',
      `${key} is encrypted with the key ${JSON.stringify(keyId)}, which is not among those given: add it to \`keys\``,
      { operation: 'get', key },
    );
  }
  const decipher = createDecipheriv('aes-256-gcm', master, header.subarray(AT.nonce, AT.wrapped), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(header.subarray(0, AT.nonce));
  decipher.setAuthTag(header.subarray(AT.tag, AT.crc));
  try {
    const dataKey = decipher.update(header.subarray(AT.wrapped, AT.tag));
    decipher.final();
    return { keyId, dataKey };
  } catch (error) {
    throw corrupt(
      key,
      `its key does not open with ${JSON.stringify(keyId)}, which may be another key than the writer's`,
      error,
    );
  }
}
