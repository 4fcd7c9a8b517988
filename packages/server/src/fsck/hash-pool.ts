/** Threads that hash files, each one at a time: hashing is what a check of large objects costs. */

import { Worker } from 'node:worker_threads';
import { siblingModule } from '../threads/sibling-module.ts';
import { THREAD_MEMORY } from '../threads/thread-memory.ts';
import type { HashAnswer, HashRequest } from './hash-thread.ts';

export class HashPool {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  #waiting: ((worker: Worker) => void)[] = [];

  constructor(threads: number) {
    const url = siblingModule(import.meta.url, './hash-thread');
    this.#workers = Array.from({ length: threads }, () => new Worker(url, { resourceLimits: THREAD_MEMORY }));
    this.#idle = [...this.#workers];
  }

  get threads(): number {
    return this.#workers.length;
  }

  /** Waits for a thread that is free. Rejects when it dies. */
  async hash(request: HashRequest): Promise<HashAnswer> {
    const worker = this.#idle.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)));
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
}
