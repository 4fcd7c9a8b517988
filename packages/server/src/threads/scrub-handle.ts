/** The main thread's handle of the scrub: starts its thread a while after the server, logs what it finds, and counts. */

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { ServerConfig } from '../config.ts';
import type { ScrubEvent } from '../scrub/scrub.ts';
import type { ScrubThreadData } from '../scrub/scrub-thread.ts';
import { siblingModule } from './sibling-module.ts';
import { THREAD_MEMORY } from './thread-memory.ts';

/** A start has more urgent work: the scrub waits so long, or a thousandth of its interval. */
const START_MS_MAX = 60_000;
/** After an error, such as a store that is out of reach, it begins anew. */
const AGAIN_MS = 60_000;

export interface ScrubCounts {
  blobs: number;
  bytes: number;
  damaged: number;
  healed: number;
  rounds: number;
}

export interface ScrubHandleOptions {
  readonly config: Pick<ServerConfig, 'dataDir' | 'storageClasses' | 'blobs' | 'scrub'>;
  /** A way to the writer for the thread. */
  readonly connect: () => MessagePort;
  readonly onDamage: (event: Extract<ScrubEvent, { kind: 'damaged' }>) => void;
  readonly onHealed: (blob: number) => void;
  readonly onError: (message: string) => void;
}

export class ScrubHandle {
  readonly counts: ScrubCounts = { blobs: 0, bytes: 0, damaged: 0, healed: 0, rounds: 0 };
  readonly #options: ScrubHandleOptions;
  #timer: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;
  #closed = false;

  constructor(options: ScrubHandleOptions) {
    this.#options = options;
  }

  /** To be called once the database is there. */
  start(): void {
    const { bytesPerSecond, intervalMs } = this.#options.config.scrub;
    if (bytesPerSecond > 0) this.#startAfter(Math.min(START_MS_MAX, intervalMs / 1000));
  }

  #startAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#start(), ms);
    this.#timer.unref();
  }

  #start(): void {
    const { config, connect, onError } = this.#options;
    const { dataDir, storageClasses, blobs, scrub } = config;
    const writer = connect();
    const workerData: ScrubThreadData = { dataDir, storageClasses, blobs, scrub, writer };
    const worker = new Worker(siblingModule(import.meta.url, '../scrub/scrub-thread'), {
      workerData,
      transferList: [writer],
      resourceLimits: THREAD_MEMORY,
    });
    this.#worker = worker;
    worker.on('message', (event: ScrubEvent) => this.#heard(event));
    worker.on('error', (error: Error) => onError(error.stack ?? error.message));
    worker.on('exit', () => {
      this.#worker = undefined;
      if (!this.#closed) this.#startAfter(AGAIN_MS);
    });
  }

  #heard(event: ScrubEvent): void {
    const { counts } = this;
    switch (event.kind) {
      case 'read':
        counts.blobs += event.blobs;
        counts.bytes += event.bytes;
        break;
      case 'damaged':
        counts.damaged++;
        this.#options.onDamage(event);
        break;
      case 'healed':
        counts.healed++;
        this.#options.onHealed(event.blob);
        break;
      case 'unreadable':
        this.#options.onError(`blob ${event.blob} cannot be read: ${event.message}`);
        break;
      case 'round':
        counts.rounds++;
        break;
    }
  }

  /** It can be ended at any moment: what it has noted is in the catalog. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
  }
}
