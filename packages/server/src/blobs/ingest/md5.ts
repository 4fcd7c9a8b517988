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

interface HashThread {
  readonly worker: Worker;
  /** What waits for an answer, of all streams: the thread answers in order. */
  readonly updates: (() => void)[];
  readonly digests: Map<number, { resolve: (md5: Buffer) => void; reject: (error: Error) => void }>;
  /** Why it could not be started. */
  lost?: Error;
}

export class Md5Hasher {
  #thread: HashThread | undefined;
  #nextStream = 0;

  /** @param size bytes that will come, for the choice of thread. */
  start(size: number): Md5 {
    return size < THREAD_FROM ? inline() : this.#onThread();
  }

  async close(): Promise<void> {
    await this.#thread?.worker.terminate();
  }

  /** Its digest is rejected, with EAGAIN, when the thread could not be started; the next one tries again. */
  #onThread(): Md5 {
    const thread = (this.#thread ??= this.#spawn());
    const { worker, updates, digests } = thread;
    const stream = this.#nextStream++;
    const ask = (request: HashRequest): void => {
      if (thread.lost === undefined) worker.postMessage(request);
    };
    return {
      update: (slab, length, done) => {
        if (thread.lost !== undefined) {
          done();
          return;
        }
        updates.push(done);
        const { buffer, byteOffset } = slab.bytes;
        ask({ kind: 'update', stream, bytes: new Uint8Array(buffer, byteOffset, length) });
      },
      digest: () => {
        const digest = new Promise<Buffer>((resolve, reject) => {
          if (thread.lost !== undefined) {
            reject(thread.lost);
            return;
          }
          digests.set(stream, { resolve, reject });
          ask({ kind: 'digest', stream });
        });
        // Awaited by the caller, later: until then a rejection is not unhandled.
        digest.catch(() => undefined);
        return digest;
      },
      drop: () => ask({ kind: 'drop', stream }),
    };
  }

  #spawn(): HashThread {
    const worker = new Worker(siblingModule(import.meta.url, './hash-thread'));
    const thread: HashThread = { worker, updates: [], digests: new Map() };
    let works = false;
    worker.on('message', (reply: HashReply) => {
      works = true;
      if (reply.kind === 'updated') {
        thread.updates.shift()?.();
      } else {
        thread.digests.get(reply.stream)?.resolve(Buffer.from(reply.md5));
        thread.digests.delete(reply.stream);
      }
    });
    worker.on('error', (cause) => {
      // A thread that works ends by a fault of ours only.
      if (works) throw cause;
      this.#lose(thread, cause);
    });
    return thread;
  }

  /** There are no files, threads or memory left on the machine: that fails the bodies under way, and nothing else. */
  #lose(thread: HashThread, cause: unknown): void {
    const lost = Object.assign(new Error('The hashing thread could not be started', { cause }), {
      code: 'EAGAIN',
    });
    thread.lost = lost;
    if (this.#thread === thread) this.#thread = undefined;
    for (const done of thread.updates.splice(0)) done();
    for (const { reject } of thread.digests.values()) reject(lost);
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
