/**
 * Hashes blobs, several at a time: hashing is what a check of large objects costs. The first bytes are hashed by the asking
 * thread, since a small store is done before another thread has started.
 */

import { Worker } from 'node:worker_threads';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import type { SlabShare } from '../blobs/ingest/slab-pool.ts';
import { siblingModule } from '../threads/sibling-module.ts';
import { THREAD_MEMORY } from '../threads/thread-memory.ts';
import type { PlaceReader } from './blob-places.ts';
import { hashBlob } from './hash-blob.ts';
import type { HashAnswer, HashRequest } from './hash-blob.ts';

/** Of all blobs together; a thread takes longer to start than these take to hash. */
const HERE_BYTES_MAX = 64 * 1024 * 1024;

export class HashPool {
  /** How many blobs it hashes at a time. */
  readonly threads: number;
  readonly #reader: PlaceReader;
  readonly #slabs: SlabShare;
  #hereBytes = 0;
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];

  constructor(threads: number, reader: PlaceReader) {
    this.threads = threads;
    this.#reader = reader;
    this.#slabs = new SlabPool({ extra: threads, perUser: threads }).share();
  }

  /** Waits for a thread that is free. Rejects when it dies. */
  async hash(request: HashRequest): Promise<HashAnswer> {
    if (this.#hereBytes + request.length <= HERE_BYTES_MAX) {
      const slab = this.#slabs.take();
      if (slab !== undefined) {
        this.#hereBytes += request.length;
        return hashBlob(this.#reader, request, slab.bytes).finally(() => this.#slabs.give(slab));
      }
    }
    const worker = await this.#worker();
    try {
      return await new Promise<HashAnswer>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.postMessage(request);
      });
    } finally {
      worker.removeAllListeners('error');
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(worker);
      else next(worker);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #worker(): Worker | Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#workers.length === this.threads) return new Promise((resolve) => this.#waiting.push(resolve));
    const url = siblingModule(import.meta.url, './hash-thread');
    const worker = new Worker(url, { resourceLimits: THREAD_MEMORY });
    this.#workers.push(worker);
    return worker;
  }
}
