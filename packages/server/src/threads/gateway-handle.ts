/** The main thread's handle of one gateway thread. */

import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { GatewayMetricsValues } from '../admin/metrics.ts';
import type { GatewayCommand, GatewayData, GatewayEvent } from './gateway-thread.ts';
import { siblingModule } from './sibling-module.ts';
import { GATEWAY_MEMORY } from './thread-memory.ts';

export interface GatewayHandlers {
  readonly onLog: (lines: string) => void;
  /** Somebody asked this thread for the metrics of all. */
  readonly metrics: () => Promise<string>;
  /** This thread has bodies to hash: the other side of the port asks. */
  readonly hashing: (port: MessagePort) => void;
  /** Somebody asked this thread for a check of the store. */
  readonly fsck: (port: MessagePort, quick: boolean) => void;
  readonly onCrash: (error: Error) => void;
}

export class GatewayHandle {
  readonly #worker: Worker;
  readonly #handlers: GatewayHandlers;
  #listening: PromiseWithResolvers<number> | undefined;
  #crash: Error | undefined;
  readonly #closed = Promise.withResolvers<void>();
  readonly #collected = new Map<number, (metrics: GatewayMetricsValues) => void>();
  #nextCollect = 0;

  constructor(data: GatewayData & { writer: MessagePort }, handlers: GatewayHandlers) {
    this.#handlers = handlers;
    const url = siblingModule(import.meta.url, './gateway-thread');
    this.#worker = new Worker(url, {
      workerData: data,
      transferList: [data.writer],
      resourceLimits: GATEWAY_MEMORY,
    });
    this.#worker.on('message', (event: GatewayEvent) => this.#receive(event));
    this.#worker.on('error', (error: Error) => {
      this.#crash = error;
      this.#listening?.reject(error);
      this.#closed.resolve();
      handlers.onCrash(error);
    });
  }

  #receive(event: GatewayEvent): void {
    switch (event.kind) {
      case 'listening':
        this.#listening?.resolve(event.port);
        break;
      case 'failed':
        this.#listening?.reject(Object.assign(new Error(event.message), { code: event.code }));
        break;
      case 'log':
        this.#handlers.onLog(event.lines);
        break;
      case 'collected':
        this.#collected.get(event.id)?.(event.metrics);
        this.#collected.delete(event.id);
        break;
      case 'metrics-wanted':
        this.#handlers.metrics().then(
          (text) => this.#command({ kind: 'metrics', id: event.id, text }),
          // Without descriptors or memory it cannot be made: one page is lost, and not the server.
          (error: unknown) => this.#command({ kind: 'no-metrics', id: event.id, reason: String(error) }),
        );
        break;
      case 'hashing-wanted':
        this.#handlers.hashing(event.port);
        break;
      case 'fsck-wanted':
        this.#handlers.fsck(event.port, event.quick);
        break;
      case 'closed':
        this.#closed.resolve();
        break;
    }
  }

  #command(command: GatewayCommand): void {
    this.#worker.postMessage(command);
  }

  /** Resolves to the port; rejects with the system's code when it cannot be had: it may be asked for another way then. */
  async listen(port: number, reusePort: boolean): Promise<number> {
    if (this.#crash !== undefined) throw this.#crash;
    this.#listening = Promise.withResolvers<number>();
    this.#command({ kind: 'listen', port, reusePort });
    return this.#listening.promise;
  }

  notReady(reason: string): void {
    this.#command({ kind: 'not-ready', reason });
  }

  collect(): Promise<GatewayMetricsValues> {
    return new Promise((resolve) => {
      const id = this.#nextCollect++;
      this.#collected.set(id, resolve);
      this.#command({ kind: 'collect', id });
    });
  }

  /** Drains and ends the thread. */
  async close(): Promise<void> {
    this.#command({ kind: 'close' });
    await this.#closed.promise;
    await this.#worker.terminate();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
