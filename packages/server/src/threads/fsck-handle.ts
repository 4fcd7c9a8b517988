/** The main thread's handle of checks: starts one at a time, each in a thread that ends with it. */

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { ServerConfig } from '../config.ts';
import type { FsckThreadData } from '../fsck/fsck-thread.ts';
import { siblingModule } from './sibling-module.ts';
import { THREAD_MEMORY } from './thread-memory.ts';

/** What the port is told instead of events when a check is under way. */
export const BUSY = 'busy';

export class FsckHandle {
  readonly #config: Pick<ServerConfig, 'dataDir' | 'storageClasses'>;
  readonly #onError: (error: Error) => void;
  #worker: Worker | undefined;

  constructor(config: Pick<ServerConfig, 'dataDir' | 'storageClasses'>, onError: (error: Error) => void) {
    this.#config = config;
    this.#onError = onError;
  }

  /** Events go to the port, which closes after the last; when its other side closes, the check ends. */
  start(port: MessagePort, quick: boolean): void {
    if (this.#worker !== undefined) {
      port.postMessage(BUSY);
      port.close();
      return;
    }
    const { dataDir, storageClasses } = this.#config;
    const workerData: FsckThreadData = { dataDir, storageClasses, quick, port };
    const worker = new Worker(siblingModule(import.meta.url, '../fsck/fsck-thread'), {
      workerData,
      transferList: [port],
      resourceLimits: THREAD_MEMORY,
    });
    this.#worker = worker;
    worker.on('error', this.#onError);
    worker.on('exit', () => {
      this.#worker = undefined;
    });
  }

  /** Ends a check that is under way: it has changed nothing. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
