/**
 * What a layer is made of that stores other bytes than it is given. *Logical* bytes are the caller's, *stored* ones those
 * of the store below; every range and size is the one or the other.
 */

import type { Source } from '../../body.ts';
import type { Span } from '../../byte-range.ts';
import { StoreError } from '../../errors.ts';
import type { GetOptions, ListEntry, ObjectInfo, ObjectStore } from '../../object-store.ts';

export interface Encoded {
  /** the stored bytes */
  readonly source: Source;
  /** logical bytes; known when `source` has been read to its end */
  size(): number;
}

/** One state of an object, open for reading. */
export interface Opened {
  /** with the logical size */
  readonly info: ObjectInfo;
  /**
   * Logical bytes, of the state of `info`: `PreconditionFailed` when that is no longer there. Asks the store before it
   * resolves. Can be called again when the bytes have been read to their end.
   */
  read(span: Span): Promise<AsyncIterable<Uint8Array>>;
  /** Lets go of what was not read. Idempotent. */
  close(): Promise<void>;
}

export interface Codec {
  /** bytes of the largest object when the store's largest has so many */
  objectBytesMax(storedBytesMax: number): number;
  /** @param size logical bytes, if they are known; others are refused */
  encode(source: Source, size: number | undefined): Promise<Encoded>;
  /**
   * Opens an object under the caller's conditions.
   *
   * @param options its range is a hint of what will be read; it may begin behind the end
   * @throws {StoreError} `Corrupt`, and what the store throws
   */
  open(store: ObjectStore, key: string, options: GetOptions): Promise<Opened>;
  head(store: ObjectStore, key: string, options: GetOptions): Promise<ObjectInfo>;
  /** the logical size, where the stored one tells it */
  sizeOf(stored: ObjectInfo): number | undefined;
  /** gives entries their logical sizes */
  list(store: ObjectStore, entries: AsyncIterable<ListEntry>, signal?: AbortSignal): AsyncIterable<ListEntry>;
}

/** The error of stored bytes that are not those that were written. */
export function corrupt(key: string, what: string, cause?: unknown): StoreError {
  return new StoreError('Corrupt', `${key} is damaged: ${what}`, { operation: 'get', key, cause });
}
