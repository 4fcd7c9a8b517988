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

/** What waits for an answer of the thread. */
interface Stream {
  readonly updates: (() => void)[];
  digest?: { readonly resolve: (md5: Buffer) => void; readonly reject: (error: Error) => void };
  /** Of what was given up only the slabs are waited for. */
  dropped: boolean;
}

interface HashThread {
  readonly worker: Worker;
  readonly streams: Map<number, Stream>;
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
    const { worker } = thread;
    const id = this.#nextStream++;
    const stream: Stream = { updates: [], dropped: false };
    thread.streams.set(id, stream);
    const ask = (request: HashRequest): void => {
      if (thread.lost === undefined) worker.postMessage(request);
    };
    return {
      update: (slab, length, done) => {
        if (thread.lost !== undefined) {
          done();
          return;
        }
        stream.updates.push(done);
        const { buffer, byteOffset } = slab.bytes;
        ask({ kind: 'update', stream: id, bytes: new Uint8Array(buffer, byteOffset, length) });
      },
      digest: () => {
        const digest = new Promise<Buffer>((resolve, reject) => {
          if (thread.lost !== undefined) {
            reject(thread.lost);
            return;
          }
          stream.digest = { resolve, reject };
          ask({ kind: 'digest', stream: id });
        });
        // Awaited by the caller, later: until then a rejection is not unhandled.
        digest.catch(() => undefined);
        return digest;
      },
      drop: () => {
        stream.dropped = true;
        if (stream.updates.length === 0) thread.streams.delete(id);
        ask({ kind: 'drop', stream: id });
      },
    };
  }

  #spawn(): HashThread {
    const worker = new Worker(siblingModule(import.meta.url, './hash-thread'));
    const thread: HashThread = { worker, streams: new Map() };
    let works = false;
    worker.on('message', (reply: HashReply) => {
      works = true;
      if (reply.kind === 'updated') {
        for (const id of reply.streams) updated(thread, id);
      } else {
        thread.streams.get(reply.stream)?.digest?.resolve(Buffer.from(reply.md5));
        thread.streams.delete(reply.stream);
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
    for (const { updates, digest } of thread.streams.values()) {
      for (const done of updates.splice(0)) done();
      digest?.reject(lost);
    }
    thread.streams.clear();
  }
}

function updated({ streams }: HashThread, id: number): void {
  const stream = streams.get(id);
  stream?.updates.shift()?.();
  if (stream?.dropped === true && stream.updates.length === 0) streams.delete(id);
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
