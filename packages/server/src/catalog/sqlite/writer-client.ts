/** A gateway thread's way to the writer thread: mutations that are asked for in one tick travel as one message. */

import type { MessagePort } from 'node:worker_threads';
import { CatalogError } from '../errors.ts';
import type { Mutation, MutationName, Mutations } from './mutation.ts';
import { movedMemory } from './port-protocol.ts';
import type { UploadChange } from '../uploads.ts';
import type { NumberedMutation, WriterReply, WriterRequest } from './port-protocol.ts';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

interface UploadWatch {
  readonly listeners: Set<(change: UploadChange) => void>;
  readonly ready: PromiseWithResolvers<void>;
  /** Nothing more will be told of it. */
  ended: boolean;
}

export class WriterClient {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  readonly #watches = new Map<number, UploadWatch>();
  #nextId = 0;
  #batch: NumberedMutation[] = [];
  #stopped: CatalogError | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: WriterReply) => {
      this.#receive(reply);
    });
    port.on('close', () => {
      this.#close();
    });
  }

  /** Resolves when the mutation is durable. Inline bytes may be gone from the caller's buffer once it was asked for. */
  write<N extends MutationName>(name: N, input: Mutations[N]['input']): Promise<Mutations[N]['result']> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    return new Promise<Mutations[N]['result']>((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      if (this.#batch.length === 0) setImmediate(() => this.#flush());
      this.#batch.push({ id, mutation: { name, input } as Mutation });
    });
  }

  /** What is asked for after this, by any thread that has heard of it, is refused. */
  stop(cause: string): void {
    this.#port.postMessage({ stop: cause } satisfies WriterRequest);
  }

  /**
   * Tells of every change of an upload that is committed after the promise has resolved, and of some before. The
   * listener is told of an end, maybe twice, and also when the writer goes away.
   */
  async watchUpload(upload: number, listener: (change: UploadChange) => void): Promise<() => void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    let watch = this.#watches.get(upload);
    if (watch === undefined) {
      watch = { listeners: new Set(), ready: Promise.withResolvers<void>(), ended: false };
      this.#watches.set(upload, watch);
      this.#port.postMessage({ watch: upload } satisfies WriterRequest);
    }
    const { listeners, ready } = watch;
    listeners.add(listener);
    await ready.promise;
    if (watch.ended) listener({ upload, part: null });
    return () => {
      if (
        !listeners.delete(listener) ||
        listeners.size > 0 ||
        this.#watches.get(upload)?.listeners !== listeners
      )
        return;
      this.#watches.delete(upload);
      this.#port.postMessage({ unwatch: upload } satisfies WriterRequest);
    };
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    const moved = batch.map(({ mutation }) => movedMemory(mutation)).filter((memory) => memory !== undefined);
    this.#port.postMessage(batch, moved);
  }

  #receive(reply: WriterReply): void {
    if ('watched' in reply) {
      this.#watches.get(reply.watched)?.ready.resolve();
      return;
    }
    if ('changes' in reply) {
      for (const change of reply.changes) this.#tell(change);
      return;
    }
    for (const answer of reply) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (pending === undefined) continue;
      if ('result' in answer) pending.resolve(answer.result as never);
      else if (answer.code === null) pending.reject(new Error(answer.message));
      else pending.reject(new CatalogError(answer.code, answer.message));
    }
  }

  #tell(change: UploadChange): void {
    const watch = this.#watches.get(change.upload);
    if (watch === undefined) return;
    watch.ended ||= change.part === null;
    for (const listener of watch.listeners) listener(change);
  }

  #close(): void {
    this.#stopped = new CatalogError('Stopped', 'The catalog is closed');
    for (const { reject } of this.#pending.values()) reject(this.#stopped);
    this.#pending.clear();
    for (const [upload, { ready }] of this.#watches) {
      this.#tell({ upload, part: null });
      ready.resolve();
    }
    this.#watches.clear();
  }
}
