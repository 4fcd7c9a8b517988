/**
 * MD5 of a body as it arrives: on the gateway thread for small bodies, where a message to another thread would cost
 * more than the hashing, and on a hashing thread for large ones. The thread is started when it is first needed.
 */

import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../threads/sibling-module.ts';
import type { HashReply, HashRequest } from './hash-thread.ts';
import type { Slab } from './slab-pool.ts';

/** Bodies from this size on are hashed on the other thread. Bytes. */
const THREAD_FROM = 1024 * 1024;

export interface Md5 {
  /** Calls `done` when the slab's bytes are no longer needed. */
  update(slab: Slab, length: number, done: () => void): void;
  digest(): Promise<Buffer>;
  /** Gives up: no digest will be asked for. */
  drop(): void;
}

export class Md5Hasher {
  #worker: Worker | undefined;
  #nextStream = 0;
  /** By stream: what waits for an answer, in order. */
  readonly #updates = new Map<number, (() => void)[]>();
  readonly #digests = new Map<number, { resolve: (md5: Buffer) => void; reject: (error: Error) => void }>();

  /** Bodies that the hashing thread is at. */
  get streams(): number {
    return this.#updates.size;
  }

  /** @param size bytes that will come, for the choice of thread. */
  start(size: number): Md5 {
    return size < THREAD_FROM ? inline() : this.#onThread();
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #onThread(): Md5 {
    const worker = (this.#worker ??= this.#spawn());
    const stream = this.#nextStream++;
    const updates: (() => void)[] = [];
    this.#updates.set(stream, updates);
    const ask = (request: HashRequest): void => worker.postMessage(request);
    return {
      update: (slab, length, done) => {
        updates.push(done);
        const { buffer, byteOffset } = slab.bytes;
        ask({ kind: 'update', stream, bytes: new Uint8Array(buffer, byteOffset, length) });
      },
      digest: () =>
        new Promise((resolve, reject) => {
          this.#digests.set(stream, { resolve, reject });
          ask({ kind: 'digest', stream });
        }),
      drop: () => ask({ kind: 'drop', stream }),
    };
  }

  #spawn(): Worker {
    const worker = new Worker(siblingModule(import.meta.url, './hash-thread'));
    worker.on('message', (reply: HashReply) => {
      if (reply.kind === 'updated') {
        this.#updates.get(reply.stream)?.shift()?.();
        return;
      }
      if (reply.kind === 'digest') this.#digests.get(reply.stream)?.resolve(Buffer.from(reply.md5));
      this.#digests.delete(reply.stream);
      this.#updates.delete(reply.stream);
    });
    return worker;
  }
}

function inline(): Md5 {
  const hash = createHash('md5');
  return {
    update: (slab, length, done) => {
      hash.update(slab.bytes.subarray(0, length));
      done();
    },
    digest: async () => hash.digest(),
    drop: () => undefined,
  };
}
