/**
 * MD5 of a body as it arrives: on the gateway thread for small bodies, where a message to another thread would cost
 * more than the hashing, and on a hashing thread for large ones, which other gateway threads use, too. It is asked for when it
 * is first needed.
 */

import { createHash } from 'node:crypto';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
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
  readonly port: MessagePort;
  readonly streams: Map<number, Stream>;
  /** Why there is none any more. */
  lost?: Error;
}

export class Md5Hasher {
  readonly #connect: (port: MessagePort) => void;
  #thread: HashThread | undefined;
  #nextStream = 0;

  /** @param connect gives a hashing thread this end of a channel, or closes it when none can be started */
  constructor(connect: (port: MessagePort) => void) {
    this.#connect = connect;
  }

  /** @param size bytes that will come, for the choice of thread. */
  start(size: number): Md5 {
    return size < THREAD_FROM ? inline() : this.#onThread();
  }

  /** The hashing thread forgets what is under way. */
  close(): void {
    this.#thread?.port.close();
  }

  /** Its digest is rejected, with EAGAIN, when the thread could not be started; the next one tries again. */
  #onThread(): Md5 {
    const thread = (this.#thread ??= this.#ask());
    const { port } = thread;
    const id = this.#nextStream++;
    const stream: Stream = { updates: [], dropped: false };
    thread.streams.set(id, stream);
    const ask = (request: HashRequest): void => {
      if (thread.lost === undefined) port.postMessage(request);
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

  #ask(): HashThread {
    const { port1, port2 } = new MessageChannel();
    const thread: HashThread = { port: port1, streams: new Map() };
    port1.on('message', (reply: HashReply) => {
      if (reply.kind === 'updated') {
        for (const id of reply.streams) updated(thread, id);
      } else {
        thread.streams.get(reply.stream)?.digest?.resolve(Buffer.from(reply.md5));
        thread.streams.delete(reply.stream);
      }
    });
    port1.on('close', () => this.#lose(thread));
    this.#connect(port2);
    return thread;
  }

  /** There are no files, threads or memory left on the machine: that fails the bodies under way, and nothing else. */
  #lose(thread: HashThread): void {
    const lost = Object.assign(new Error('The hashing thread could not be started'), { code: 'EAGAIN' });
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
