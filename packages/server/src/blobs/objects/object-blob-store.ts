/**
 * Blobs as objects of another store: an S3 service, a container of Azure, a directory. Such stores cannot rename, and a
 * blob's hash is known only when all of it was sent: so each blob is written where it stays, under a random name, and
 * its row has the hash. The same content written twice at the same time is copied within the store to where the first is.
 */

import { randomBytes } from 'node:crypto';
import { isStoreError, streamSource } from '@cistern/store';
import type { ObjectRead, ObjectStore } from '@cistern/store';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import { ALIGNMENT } from '../ingest/slab-pool.ts';
import { BLOB_PREFIX } from '../tiers.ts';
import { ChunkQueue } from './chunk-queue.ts';

export class ObjectBlobStore implements BlobStore {
  readonly #open: () => Promise<ObjectStore>;

  /** @param open gives the store; asked before each use, so it should remember it */
  constructor(open: () => Promise<ObjectStore>) {
    this.#open = open;
  }

  async create(_size: number): Promise<BlobWriter> {
    return new ObjectBlobWriter(await this.#open());
  }

  async open(location: string, length: number): Promise<BlobReader> {
    return new ObjectBlobReader(await this.#open(), BLOB_PREFIX + location, length);
  }

  async delete(location: string): Promise<void> {
    const store = await this.#open();
    for await (const { error } of store.delete([BLOB_PREFIX + location])) {
      if (error !== undefined) throw error;
    }
  }
}

class ObjectBlobWriter implements BlobWriter {
  readonly location: string;
  readonly #store: ObjectStore;
  readonly #queue = new ChunkQueue();
  readonly #stop = new AbortController();
  readonly #stored: Promise<unknown>;
  #queued = 0;
  #ended = false;

  constructor(store: ObjectStore) {
    this.#store = store;
    const name = randomBytes(16).toString('hex');
    this.location = `${name.slice(0, 2)}/${name}`;
    this.#stored = store.put(BLOB_PREFIX + this.location, streamSource(this.#queue), {
      signal: this.#stop.signal,
    });
    this.#stored.catch((error: unknown) => this.#queue.fail(error as Error));
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    if (position !== this.#queued)
      return Promise.reject(new Error('a blob is written from its beginning to its end'));
    this.#queued += bytes.byteLength;
    // What a store has taken may still be on its way to the socket, and this memory is used again.
    return this.#queue.push(Uint8Array.from(bytes));
  }

  async sync(): Promise<void> {
    this.#queue.end();
    await this.#stored;
  }

  async place(location: string): Promise<void> {
    if (location !== this.location) {
      await this.#store.copy(BLOB_PREFIX + this.location, BLOB_PREFIX + location);
      await this.#remove();
    }
    this.#ended = true;
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop.abort();
    this.#queue.fail(new Error('the blob was discarded'));
    await this.#stored.catch(() => undefined);
    // An aborted request may have got through all the same.
    await this.#remove();
  }

  async #remove(): Promise<void> {
    for await (const { error } of this.#store.delete([BLOB_PREFIX + this.location])) {
      if (error !== undefined) throw error;
    }
  }
}

const EMPTY = new Uint8Array(0);

/** Reads on in one request as long as reads follow each other. */
class ObjectBlobReader implements BlobReader {
  readonly outlivesBlob = false;
  readonly alignment = ALIGNMENT;
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #length: number;
  #read: ObjectRead | undefined;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = EMPTY;
  #position = -1;

  /** @param length bytes that will be read: no more than these are asked for at a time */
  constructor(store: ObjectStore, key: string, length: number) {
    this.#store = store;
    this.#key = key;
    this.#length = length;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.byteLength) {
      const at = position + done;
      if (at !== this.#position && !(await this.#seek(at, into.byteLength - done))) break;
      const count = await this.#take(into.subarray(done));
      done += count;
      if (count > 0) continue;
      // What was asked for may have been less than what is wanted in the end.
      if (this.#read === undefined || this.#read.range.end >= this.#read.info.size) break;
      this.#position = -1;
    }
    return done;
  }

  /** Moves on by as many bytes as the chunk at hand has: 0 at the end of what was asked for. */
  async #take(into: Uint8Array): Promise<number> {
    if (this.#rest.byteLength === 0) {
      const next = await this.#chunks?.next();
      if (next === undefined || next.done === true) return 0;
      this.#rest = next.value;
    }
    const count = Math.min(this.#rest.byteLength, into.byteLength);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    this.#position += count;
    return count;
  }

  async #seek(position: number, least: number): Promise<boolean> {
    await this.close();
    try {
      this.#read = await this.#store.get(this.#key, {
        range: { start: position, end: position + Math.max(this.#length, least) },
      });
    } catch (error) {
      // Where the blob ends there is nothing to read.
      if (isStoreError(error, 'InvalidRange')) return false;
      throw error;
    }
    this.#chunks = this.#read.body[Symbol.asyncIterator]();
    this.#rest = EMPTY;
    this.#position = position;
    return true;
  }

  async close(): Promise<void> {
    const chunks = this.#chunks;
    const read = this.#read;
    this.#chunks = undefined;
    this.#read = undefined;
    await chunks?.return?.();
    await read?.close();
  }
}
