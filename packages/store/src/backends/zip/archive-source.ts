/**
 * Where an archive's bytes come from: a file of this machine, or an object of another store, read by ranges. One state of it:
 * an archive that is replaced meanwhile is read on as it was, or not at all.
 */

import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { collect } from '../../body.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store.ts';

const CHUNK_BYTES = 256 * 1024;

export interface ArchiveSource {
  /** of the archive, for messages */
  readonly name: string;
  readonly size: number;
  /** Exactly the bytes from `start` to `end - 1`. @throws {StoreError} `Corrupt` when the archive is shorter */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>;
  stream(start: number, end: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** One more that needs it. */
  retain(): void;
  /** One less; after the last it is closed. */
  release(): void;
}

/** What is closed when the last of those who share it lets go. It begins with one. */
abstract class Shared {
  #users = 1;

  retain(): void {
    this.#users++;
  }

  release(): void {
    if (--this.#users === 0) this.close();
  }

  protected abstract close(): void;
}

export class FileSource extends Shared implements ArchiveSource {
  readonly name: string;
  readonly size: number;
  readonly #file: FileHandle;

  constructor(name: string, file: FileHandle, size: number) {
    super();
    this.name = name;
    this.size = size;
    this.#file = file;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, end - start));
    for (let filled = 0; filled < bytes.byteLength;) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.byteLength - filled, start + filled);
      if (bytesRead === 0) throw truncated(this.name);
      filled += bytesRead;
    }
    return bytes;
  }

  async *stream(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let position = start; position < end; position += CHUNK_BYTES) {
      yield await this.read(position, Math.min(end, position + CHUNK_BYTES));
    }
  }

  protected close(): void {
    // Nothing was written through it: there is nobody to tell.
    this.#file.close().catch(() => undefined);
  }
}

/** @returns `undefined` when there is no file */
export async function openFileSource(path: string): Promise<FileSource | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { size } = await file.stat();
  return new FileSource(path, file, size);
}

export class ObjectSource extends Shared implements ArchiveSource {
  readonly name: string;
  readonly size: number;
  /** of the state that is read */
  readonly etag: string;
  readonly #store: ObjectStore;
  readonly #key: string;

  constructor(name: string, store: ObjectStore, key: string, state: { size: number; etag: string }) {
    super();
    this.name = name;
    this.#store = store;
    this.#key = key;
    this.size = state.size;
    this.etag = state.etag;
  }

  async read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (end <= start) return new Uint8Array(0);
    const bytes = await collect(this.stream(start, end, signal));
    if (bytes.byteLength !== end - start) throw truncated(this.name);
    return bytes;
  }

  async *stream(start: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (end <= start) return;
    try {
      const read = await this.#store.get(this.#key, { range: { start, end }, ifMatch: this.etag, signal });
      yield* read.body;
    } catch (error) {
      if (!isStoreError(error, 'PreconditionFailed') && !isStoreError(error, 'NotFound')) throw error;
      throw new StoreError('Conflict', `${this.name} was replaced since it was opened: open it again`, {
        operation: 'get',
        key: this.#key,
        cause: error,
      });
    }
  }

  protected close(): void {
    // The store is its owner's.
  }
}

export function truncated(name: string): StoreError {
  return new StoreError(
    'Corrupt',
    `${name} is shorter than its directory says: it was cut off, or is changing`,
  );
}
