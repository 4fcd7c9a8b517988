/**
 * A body on its way into a blob of zstd frames: each slab becomes a frame, several at a time in libuv's pool, and what
 * comes out goes the way of every blob, in order. MD5 is that of the body, the name that of the frames.
 */

import { createHash } from 'node:crypto';
import { BlockSums } from '../checks/block-checks.ts';
import { compressFrame, encodeFrameMap, releaseFrame } from '../codecs/zstd-frames.ts';
import { BlobIngest } from './blob-ingest.ts';
import type { Ingest, IngestOptions, StagedBlob } from './blob-ingest.ts';
import type { Md5 } from './md5.ts';
import type { Slab, SlabPool } from './slab-pool.ts';
import { SlabStream } from './slab-stream.ts';

/** Of the frames nobody asks for one. */
const NO_MD5: Md5 = {
  update: (_slab, _length, done) => done(),
  digest: async () => Buffer.alloc(0),
  drop: () => undefined,
};

export class ZstdIngest implements Ingest {
  readonly #output: BlobIngest;
  readonly #slabs: SlabStream;
  readonly #md5: Md5;
  readonly #sha256 = createHash('sha256');
  readonly #checks = new BlockSums();
  readonly #lengths: number[] = [];
  /** Ends when the frame before has been taken. */
  #before: Promise<void> = Promise.resolve();

  static async start({ store, pool, hasher, size }: IngestOptions): Promise<ZstdIngest> {
    // What is stored has a share of slabs of its own: one of them is always to be had, so that frames get away.
    const output = new BlobIngest(await store.create(size), pool, NO_MD5);
    return new ZstdIngest(output, pool, hasher.start(size));
  }

  private constructor(output: BlobIngest, pool: SlabPool, md5: Md5) {
    this.#output = output;
    this.#md5 = md5;
    this.#slabs = new SlabStream(pool, (slab, length) => this.#use(slab, length));
  }

  write(bytes: Buffer): Promise<void> | undefined {
    return this.#slabs.write(bytes);
  }

  async #use(slab: Slab, length: number): Promise<void> {
    const bytes = slab.bytes.subarray(0, length);
    const hashed = new Promise<void>((resolve) => this.#md5.update(slab, length, resolve));
    const compressing = compressFrame(bytes);
    this.#before = this.#append(compressing, length, this.#before);
    this.#sha256.update(bytes);
    this.#checks.add(bytes);
    try {
      await this.#before;
    } finally {
      // When a frame before it failed it is still being compressed.
      await Promise.allSettled([compressing, hashed]);
    }
  }

  async #append(compressing: Promise<Buffer>, length: number, before: Promise<void>): Promise<void> {
    const [frame] = await Promise.all([compressing, before]);
    this.#lengths.push(frame.length);
    await this.#output.write(frame);
    releaseFrame(frame, length);
  }

  async finish(): Promise<StagedBlob> {
    const finished = this.#slabs.finish();
    const digest = this.#md5.digest();
    await finished;
    return {
      ...(await this.#output.finish()),
      contentSha256: this.#sha256.digest(),
      md5: await digest,
      length: this.#slabs.length,
      frames: encodeFrameMap(this.#lengths),
      checks: this.#checks.encode(),
    };
  }

  async discard(): Promise<void> {
    this.#md5.drop();
    await this.#slabs.discard();
    await this.#output.discard();
  }
}
