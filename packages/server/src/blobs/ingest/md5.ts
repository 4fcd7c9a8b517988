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
  /** What waits for an answer, of all streams: the thread answers in order. */
  readonly #updates: (() => void)[] = [];
  readonly #digests = new Map<number, { resolve: (md5: Buffer) => void; reject: (error: Error) => void }>();

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
    const ask = (request: HashRequest): void => worker.postMessage(request);
    return {
      update: (slab, length, done) => {
        this.#updates.push(done);
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
        this.#updates.shift()?.();
      } else {
        this.#digests.get(reply.stream)?.resolve(Buffer.from(reply.md5));
        this.#digests.delete(reply.stream);
      }
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
