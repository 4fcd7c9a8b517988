/**
 * A body on its way into a blob: hashed and written while it arrives, in slabs, without ever being held whole. Nothing
 * of it can be seen until the caller places it; every failure ends with `discard`.
 */

import { createHash } from 'node:crypto';
import { BlockSums } from '../checks/block-checks.ts';
import type { BlobStore, BlobWriter } from '../blob-store.ts';
import type { Md5, Md5Hasher } from './md5.ts';
import type { Slab, SlabPool } from './slab-pool.ts';
import { SlabStream } from './slab-stream.ts';

export interface StagedBlob {
  /** Of the bytes stored: the blob's name. */
  readonly sha256: Buffer;
  /** Of the body, as `md5`. */
  readonly contentSha256: Buffer;
  readonly md5: Buffer;
  /** Of the body. */
  readonly length: number;
  /** Bytes stored. */
  readonly stored: number;
  /** The map of its frames; null: it is stored as it came. */
  readonly frames: Buffer | null;
  /** Of the body's blocks, as `BlockSums` encodes them. */
  readonly checks: Buffer;
  /** Resolves when the bytes are durable where they are staged. */
  readonly synced: Promise<void>;
  /** Where the bytes are already, in a store that cannot move them. */
  readonly location: string | undefined;
  place(location: string): Promise<void>;
  discard(): Promise<void>;
}

/** @see SlabStream for `write` */
export interface Ingest {
  write(bytes: Buffer): Promise<void> | undefined;
  /** Everything has arrived. Resolves when the hashes are known; rejects when the store failed. */
  finish(): Promise<StagedBlob>;
  /** Gives up before `finish`. What is written from then on is refused. */
  discard(): Promise<void>;
}

export interface IngestOptions {
  readonly store: BlobStore;
  readonly pool: SlabPool;
  readonly hasher: Md5Hasher;
  /** Bytes that will come. */
  readonly size: number;
}

/** The body's bytes are the blob's. */
export class BlobIngest implements Ingest {
  readonly #writer: BlobWriter;
  readonly #slabs: SlabStream;
  readonly #md5: Md5;
  readonly #sha256 = createHash('sha256');
  readonly #checks = new BlockSums();

  static async start({ store, pool, hasher, size }: IngestOptions): Promise<BlobIngest> {
    return new BlobIngest(await store.create(size), pool, hasher.start(size));
  }

  /** @param md5 gets every slab, too */
  constructor(writer: BlobWriter, pool: SlabPool, md5: Md5) {
    this.#writer = writer;
    this.#md5 = md5;
    this.#slabs = new SlabStream(pool, (slab, length) => this.#use(slab, length));
  }

  write(bytes: Buffer): Promise<void> | undefined {
    return this.#slabs.write(bytes);
  }

  async #use(slab: Slab, length: number): Promise<void> {
    const bytes = slab.bytes.subarray(0, length);
    const hashed = new Promise<void>((resolve) => this.#md5.update(slab, length, resolve));
    const writing = this.#writer.write(bytes, this.#slabs.length - length);
    this.#sha256.update(bytes);
    this.#checks.add(bytes);
    try {
      await writing;
    } finally {
      await hashed;
    }
  }

  async finish(): Promise<StagedBlob> {
    const finished = this.#slabs.finish();
    const digest = this.#md5.digest();
    await finished;
    const synced = this.#writer.sync();
    // Awaited by the caller, later: until then a rejection is not unhandled.
    synced.catch(() => undefined);
    const sha256 = this.#sha256.digest();
    return {
      sha256,
      contentSha256: sha256,
      md5: await digest,
      length: this.#slabs.length,
      stored: this.#slabs.length,
      frames: null,
      checks: this.#checks.encode(),
      synced,
      location: this.#writer.location,
      place: (location) => this.#writer.place(location),
      discard: async () => {
        await synced.catch(() => undefined);
        await this.#writer.discard();
      },
    };
  }

  async discard(): Promise<void> {
    this.#md5.drop();
    await this.#slabs.discard();
    await this.#writer.discard();
  }
}
