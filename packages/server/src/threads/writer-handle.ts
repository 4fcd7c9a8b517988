/** The main thread's handle of the writer thread. */

import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { EpochMemory } from '../catalog/epochs.ts';
import { DATABASE_FILE } from '../catalog/sqlite/connection.ts';
import type { WriterMetricsValues } from '../catalog/sqlite/writer-metrics.ts';
import type { WriterCommand, WriterData, WriterEvent } from '../catalog/sqlite/writer-thread.ts';
import type { ServerConfig } from '../config.ts';
import { siblingModule } from './sibling-module.ts';
import { THREAD_MEMORY } from './thread-memory.ts';

export interface WriterHandlers {
  /** The catalog has stopped: no write will be acknowledged any more. */
  readonly onStopped: (message: string) => void;
  readonly onError: (message: string) => void;
  /** The thread itself has died. */
  readonly onCrash: (error: Error) => void;
}

/** While the disk lets it wait, the thread answers nobody. */
const METRICS_PATIENCE_MS = 1000;

export interface WriterMetricsRead {
  /** What it told last; undefined: nothing yet. */
  readonly values: WriterMetricsValues | undefined;
  /** Whether it has not answered this time. */
  readonly late: boolean;
}

export class WriterHandle {
  readonly #worker: Worker;
  readonly ready: Promise<void>;
  readonly #closed: Promise<void>;
  /** Set while it is asked for its metrics. */
  #metricsAsked: PromiseWithResolvers<WriterMetricsRead> | undefined;
  #metricsTold: WriterMetricsValues | undefined;

  constructor(config: ServerConfig, epochs: EpochMemory, handlers: WriterHandlers) {
    const data: WriterData = {
      databasePath: join(config.dataDir, DATABASE_FILE),
      dataDir: config.dataDir,
      storageClasses: config.storageClasses,
      blobs: config.blobs,
      epochs,
      feedRetentionMs: config.feedRetentionMs,
      reaperIdleMs: config.reaperIdleMs,
      uploadRetentionMs: config.uploadRetentionMs,
    };
    this.#worker = new Worker(siblingModule(import.meta.url, '../catalog/sqlite/writer-thread'), {
      workerData: data,
      resourceLimits: THREAD_MEMORY,
    });
    const ready = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.#closed = closed.promise;
    this.#worker.on('message', (event: WriterEvent) => {
      switch (event.kind) {
        case 'ready':
          ready.resolve();
          break;
        case 'failed':
          ready.reject(new Error(`Cannot open ${data.databasePath}: ${event.message}`));
          break;
        case 'stopped':
          handlers.onStopped(event.message);
          break;
        case 'error':
          handlers.onError(event.message);
          break;
        case 'metrics':
          this.#metricsTold = event.values;
          this.#metricsAsked?.resolve({ values: event.values, late: false });
          this.#metricsAsked = undefined;
          break;
        case 'closed':
          closed.resolve();
          break;
      }
    });
    this.#worker.on('error', (error: Error) => {
      ready.reject(error);
      closed.resolve();
      handlers.onCrash(error);
    });
  }

  #command(command: WriterCommand, transfer: MessagePort[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  connect(port: MessagePort): void {
    this.#command({ kind: 'connect', port }, [port]);
  }

  /** Of this moment, or of the last time that it told them when it does not answer within a second. */
  async metrics(): Promise<WriterMetricsRead> {
    if (this.#metricsAsked === undefined) {
      this.#metricsAsked = Promise.withResolvers();
      this.#command({ kind: 'metrics' });
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<WriterMetricsRead>((resolve) => {
      const tell = (): void => resolve({ values: this.#metricsTold, late: true });
      timer = setTimeout(tell, METRICS_PATIENCE_MS);
    });
    try {
      return await Promise.race([this.#metricsAsked.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#command({ kind: 'close' });
    await this.#closed;
    await this.#worker.terminate();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
