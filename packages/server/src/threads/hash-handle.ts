/**
 * The main thread's handle of a hashing thread, which HTTP threads share: bodies of all of them fill its lanes. It is started
 * when one first asks for it.
 */

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { siblingModule } from './sibling-module.ts';

/** HTTP threads to one hashing thread: more bodies side by side, and one isolate less, than with one for each. */
export const SHARING = 2;

export interface HashHandlers {
  /** It could not be started: nothing but the bodies under way is lost. */
  readonly onRefused: (cause: unknown) => void;
  readonly onCrash: (error: Error) => void;
}

interface Started {
  readonly worker: Worker;
  /** Of those who asked before it was ready; undefined: it is. */
  waiting: MessagePort[] | undefined;
}

export class HashHandle {
  readonly #handlers: HashHandlers;
  #started: Started | undefined;

  constructor(handlers: HashHandlers) {
    this.#handlers = handlers;
  }

  /** The thread takes the port, on which requests may wait already. It is closed when the thread cannot be started. */
  connect(port: MessagePort): void {
    try {
      this.#started ??= this.#start();
    } catch (error) {
      // Of threads; a lack of anything else is an event.
      this.#handlers.onRefused(error);
      port.close();
      return;
    }
    const { worker, waiting } = this.#started;
    if (waiting === undefined) worker.postMessage(port, [port]);
    else waiting.push(port);
  }

  async close(): Promise<void> {
    await this.#started?.worker.terminate();
  }

  #start(): Started {
    const worker = new Worker(siblingModule(import.meta.url, '../blobs/ingest/hash-thread'));
    const started: Started = { worker, waiting: [] };
    // What it says is that it is ready.
    worker.once('message', () => {
      for (const port of started.waiting ?? []) worker.postMessage(port, [port]);
      started.waiting = undefined;
    });
    worker.on('error', (cause: Error) => {
      // A thread that works ends by a fault of ours only.
      if (started.waiting === undefined) this.#handlers.onCrash(cause);
      else this.#refuse(started.waiting, cause);
    });
    return started;
  }

  /** There are no files, threads or memory left on the machine: who asks next tries again. */
  #refuse(waiting: readonly MessagePort[], cause: Error): void {
    this.#started = undefined;
    this.#handlers.onRefused(cause);
    for (const port of waiting) port.close();
  }
}
