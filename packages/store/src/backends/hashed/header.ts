/**
 * What stands before an object's bytes in a file of the hashed backend, so that one rename stores all of it:
 *
 * | bytes | |
 * |---|---|
 * | 0–6 | `cistern` |
 * | 7 | the version of the format: 1 |
 * | 8–11 | length of what follows, big endian |
 * | … | JSON in UTF-8: `{ "key": …, "attributes": { … } }` |
 *
 * The object's bytes are the rest of the file.
 */

import type { FileHandle } from 'node:fs/promises';
import { readAttributes } from '../../attributes.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { Attributes } from '../../object-store.ts';
import { withoutPrototype } from '../files/document.ts';

const MAGIC = Buffer.from('cistern', 'latin1');
const VERSION = 1;
const FIXED_BYTES = MAGIC.byteLength + 5;
/** What one read brings: nearly all headers. */
const FIRST_READ_BYTES = 1024;
/** A key, and attributes at their limits; more is damage, and is not read into memory. */
const LENGTH_MAX = 1024 * 1024;

export interface ObjectHeader {
  /** bytes */
  readonly size: number;
  readonly key: string;
  readonly attributes: Attributes;
}

export function encodeHeader(key: string, attributes: Attributes): Uint8Array {
  const text = Buffer.from(JSON.stringify({ key, attributes }));
  const fixed = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(fixed);
  fixed.writeUInt8(VERSION, MAGIC.byteLength);
  fixed.writeUInt32BE(text.byteLength, MAGIC.byteLength + 1);
  return Buffer.concat([fixed, text]);
}

/** @throws {StoreError} `Corrupt` for what is no header, `Unsupported` for a later version */
export async function readHeader(handle: FileHandle): Promise<ObjectHeader> {
  const first = Buffer.allocUnsafe(FIRST_READ_BYTES);
  const { bytesRead } = await handle.read(first, 0, FIRST_READ_BYTES, 0);
  if (bytesRead < FIXED_BYTES || !first.subarray(0, MAGIC.byteLength).equals(MAGIC)) throw corrupt();
  const version = first.readUInt8(MAGIC.byteLength);
  if (version !== VERSION) {
    throw new StoreError(
      'Unsupported',
      `A file is of version ${version}, and this release reads ${VERSION}: use a later one`,
    );
  }
  const length = first.readUInt32BE(MAGIC.byteLength + 1);
  if (length > LENGTH_MAX) throw corrupt();
  const size = FIXED_BYTES + length;
  let whole = first.subarray(0, bytesRead);
  if (size > bytesRead) {
    whole = Buffer.alloc(size);
    const rest = await handle.read(whole, 0, size, 0);
    if (rest.bytesRead < size) throw corrupt();
  }
  try {
    const { key, attributes } = JSON.parse(whole.toString('utf8', FIXED_BYTES, size), withoutPrototype) as {
      readonly key: unknown;
      readonly attributes: unknown;
    };
    if (typeof key !== 'string') throw corrupt();
    return { size, key, attributes: readAttributes(attributes) };
  } catch (error) {
    throw isStoreError(error, 'Corrupt') ? error : corrupt(error);
  }
}

function corrupt(cause?: unknown): StoreError {
  return new StoreError(
    'Corrupt',
    'A file does not begin as one of this store: it is damaged, or another program’s',
    {
      cause,
    },
  );
}
