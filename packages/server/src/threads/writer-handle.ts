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

export class WriterHandle {
  readonly #worker: Worker;
  readonly ready: Promise<void>;
  readonly #closed: Promise<void>;
  readonly #metrics = new Map<number, (values: WriterMetricsValues) => void>();
  #nextMetrics = 0;

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
          this.#metrics.get(event.id)?.(event.values);
          this.#metrics.delete(event.id);
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

  metrics(): Promise<WriterMetricsValues> {
    return new Promise((resolve) => {
      const id = this.#nextMetrics++;
      this.#metrics.set(id, resolve);
      this.#command({ kind: 'metrics', id });
    });
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
