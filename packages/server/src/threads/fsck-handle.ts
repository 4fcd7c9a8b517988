/** The main thread's handle of checks: starts one at a time, each in a thread that ends with it. */

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { ServerConfig } from '../config.ts';
import type { FsckThreadData } from '../fsck/fsck-thread.ts';
import type { FsckEvent } from '../fsck/report.ts';
import { siblingModule } from './sibling-module.ts';
import { THREAD_MEMORY } from './thread-memory.ts';

/** What the port is told instead of events when a check is under way. */
export const BUSY = 'busy';

export class FsckHandle {
  readonly #config: Pick<ServerConfig, 'dataDir' | 'storageClasses' | 'blobs'>;
  readonly #onError: (error: Error) => void;
  #worker: Worker | undefined;

  constructor(
    config: Pick<ServerConfig, 'dataDir' | 'storageClasses' | 'blobs'>,
    onError: (error: Error) => void,
  ) {
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
    const { dataDir, storageClasses, blobs } = this.#config;
    const workerData: FsckThreadData = { dataDir, storageClasses, blobs, quick };
    const worker = new Worker(siblingModule(import.meta.url, '../fsck/fsck-thread'), {
      workerData,
      resourceLimits: THREAD_MEMORY,
    });
    this.#worker = worker;
    // Told once the thread is gone: whoever has heard of the end may ask for the next check.
    let last: FsckEvent | undefined;
    worker.on('message', (event: FsckEvent) => {
      if (event.type === 'result' || event.type === 'failed') last = event;
      else port.postMessage(event);
    });
    worker.on('error', this.#onError);
    worker.on('exit', () => {
      this.#worker = undefined;
      if (last !== undefined) port.postMessage(last);
      port.close();
    });
    port.once('close', () => void worker.terminate());
    // Nothing comes from there; without it the end of the other side would not be heard.
    port.start();
  }

  /** Ends a check that is under way: it has changed nothing. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
