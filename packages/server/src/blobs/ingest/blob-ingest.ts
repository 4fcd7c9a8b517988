/**
 * A body on its way into a blob: hashed (SHA-256, MD5) and written while it arrives, in slabs, without ever being held
 * whole. Nothing of it can be seen until the caller places it; every failure ends with `discard`.
 */

import { createHash } from 'node:crypto';
import type { BlobStore, BlobWriter } from '../blob-store.ts';
import type { Md5, Md5Hasher } from './md5.ts';
import { SLAB_BYTES } from './slab-pool.ts';
import type { Slab, SlabPool, SlabShare } from './slab-pool.ts';

export interface StagedBlob {
  readonly sha256: Buffer;
  readonly md5: Buffer;
  readonly length: number;
  /** Resolves when the bytes are durable where they are staged. */
  readonly synced: Promise<void>;
  place(location: string): Promise<void>;
  discard(): Promise<void>;
}

export interface BlobIngestOptions {
  readonly store: BlobStore;
  readonly pool: SlabPool;
  readonly hasher: Md5Hasher;
  /** Bytes that will come. */
  readonly size: number;
}

export class BlobIngest {
  readonly #writer: BlobWriter;
  readonly #share: SlabShare;
  readonly #md5: Md5;
  readonly #sha256 = createHash('sha256');
  #slab: Slab | undefined;
  #filled = 0;
  #position = 0;
  /** Slabs that are still being hashed or written. */
  #busy = 0;
  #failure: Error | undefined;
  #onIdle: (() => void) | undefined;

  static async start(options: BlobIngestOptions): Promise<BlobIngest> {
    return new BlobIngest(await options.store.create(options.size), options);
  }

  private constructor(writer: BlobWriter, { pool, hasher, size }: BlobIngestOptions) {
    this.#writer = writer;
    this.#share = pool.share();
    this.#md5 = hasher.start(size);
  }

  /**
   * Takes bytes; they are copied, the caller may reuse its buffer at once. A promise means: wait for it before the
   * next write. Rejects when the store failed, or once the body was given up.
   */
  write(bytes: Buffer): Promise<void> | undefined {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#failure !== undefined) return Promise.reject(this.#failure);
      this.#slab ??= this.#share.take();
      if (this.#slab === undefined) return this.#waitThenWrite(bytes.subarray(taken));
      const copied = bytes.copy(this.#slab.bytes, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled === SLAB_BYTES) this.#dispatch();
    }
    return undefined;
  }

  async #waitThenWrite(rest: Buffer): Promise<void> {
    await this.#share.whenFree();
    await this.write(rest);
  }

  #dispatch(): void {
    const slab = this.#slab;
    if (slab === undefined) return;
    const length = this.#filled;
    const position = this.#position;
    this.#slab = undefined;
    this.#filled = 0;
    this.#position += length;
    this.#busy++;
    let users = 2;
    const done = (): void => {
      if (--users > 0) return;
      this.#share.give(slab);
      if (--this.#busy === 0) this.#onIdle?.();
    };
    const bytes = slab.bytes.subarray(0, length);
    this.#md5.update(slab, length, done);
    this.#writer.write(bytes, position).then(done, (error: Error) => {
      this.#failure ??= error;
      done();
    });
    this.#sha256.update(bytes);
  }

  /** Everything has arrived. Resolves when the hashes are known; rejects when the store failed. */
  async finish(): Promise<StagedBlob> {
    this.#dispatch();
    const digest = this.#md5.digest();
    await this.#idle();
    if (this.#failure !== undefined) throw this.#failure;
    const synced = this.#writer.sync();
    // Awaited by the caller, later: until then a rejection is not unhandled.
    synced.catch(() => undefined);
    return {
      sha256: this.#sha256.digest(),
      md5: await digest,
      length: this.#position,
      synced,
      place: (location) => this.#writer.place(location),
      discard: async () => {
        await synced.catch(() => undefined);
        await this.#writer.discard();
      },
    };
  }

  /** Gives up before `finish`. What is written from then on is refused: it would take slabs that nobody gives back. */
  async discard(): Promise<void> {
    this.#failure ??= new Error('the body was given up');
    this.#md5.drop();
    await this.#idle();
    if (this.#slab !== undefined) this.#share.give(this.#slab);
    this.#slab = undefined;
    await this.#writer.discard();
  }

  async #idle(): Promise<void> {
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}
