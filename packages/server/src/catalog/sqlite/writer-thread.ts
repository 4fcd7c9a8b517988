/**
 * The writer thread: owns the only writing connection and everything that must be decided one after another. A worker
 * entry: started with `WriterData`, it prepares the database, finishes what a crash left, says it is ready and then
 * serves ports.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { BlobTiers } from '../../blobs/blob-tiers.ts';
import { requireBlobStore } from '../../blobs/objects/blob-store-unusable.ts';
import { requireClassDirectories } from '../../class-directories.ts';
import type { BlobStoreConfig, StorageClassMap } from '../../config.ts';
import { CatalogError } from '../errors.ts';
import { EpochWriter } from '../epochs.ts';
import type { EpochMemory } from '../epochs.ts';
import { explainOpening, openWriter } from './connection.ts';
import { LogMover } from './log-mover.ts';
import { Maintenance } from './maintenance.ts';
import { movedMemory } from './port-protocol.ts';
import type { Answer, WriterReply, WriterRequest } from './port-protocol.ts';
import { Reaper } from './reaper.ts';
import { tiersInUse } from './tiers-in-use.ts';
import { UploadWatchers } from './upload-watchers.ts';
import type { UploadChange } from '../uploads.ts';
import { SnapshotSweeper } from './snapshot-sweeper.ts';
import { WriterMetrics } from './writer-metrics.ts';
import type { WriterMetricsValues } from './writer-metrics.ts';
import { WriteQueue } from './write-queue.ts';

export interface WriterData {
  readonly databasePath: string;
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly blobs: BlobStoreConfig | null;
  readonly epochs: EpochMemory;
  readonly feedRetentionMs: number;
  readonly reaperIdleMs: number;
  readonly uploadRetentionMs: number;
}

/** From the main thread. */
export type WriterCommand =
  | { readonly kind: 'connect'; readonly port: MessagePort }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'close' };

/** To the main thread. */
export type WriterEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'metrics'; readonly values: WriterMetricsValues }
  | { readonly kind: 'closed' };

function main(data: WriterData): void {
  const parent = parentPort;
  if (parent === null) throw new Error('This module is the entry of a worker thread');
  const tell = (event: WriterEvent): void => parent.postMessage(event);

  const db = openWriter(data.databasePath);
  const tiers = tiersInUse(db);
  requireClassDirectories(tiers, data.storageClasses);
  requireBlobStore(tiers, data.blobs);
  const newestMs = storedAge(db);
  const epochs = new EpochWriter(data.epochs);
  const metrics = new WriterMetrics();
  const watchers = new UploadWatchers();
  const mover = new LogMover(data.databasePath, (cause) => queue.logNotMoved(cause));
  const queue: WriteQueue = new WriteQueue({
    db,
    path: data.databasePath,
    mover,
    epochs,
    newestMs,
    onCommit: (batch) => metrics.commit(batch),
    onUploads: (changes) => watchers.changed(changes),
    onStop: (cause) => {
      tell({ kind: 'stopped', message: describe(cause) });
      watchers.stop();
    },
  });
  const blobs = new BlobTiers(data);
  const reaper = new Reaper({ queue, epochs, deleteBlob: (blob) => blobs.delete(blob) });
  const maintenance = new Maintenance({
    queue,
    reaper,
    sweeper: new SnapshotSweeper(queue),
    feedRetentionMs: data.feedRetentionMs,
    idleMs: data.reaperIdleMs,
    uploadRetentionMs: data.uploadRetentionMs,
    newestMs,
    onError: (error) => tell({ kind: 'error', message: describe(error) }),
  });
  const ports = new Set<MessagePort>();

  const close = async (): Promise<void> => {
    await queue.drained();
    await maintenance.close();
    await mover.close();
    await blobs.close();
    queue.emptyLog();
    for (const port of ports) port.close();
    db.close();
    tell({ kind: 'closed' });
    parent.close();
  };

  parent.on('message', (command: WriterCommand) => {
    switch (command.kind) {
      case 'connect':
        ports.add(command.port);
        serve(command.port, queue, watchers);
        break;
      case 'metrics':
        tell({ kind: 'metrics', values: metrics.read(queue, reaper) });
        break;
      case 'close':
        void close();
        break;
    }
  });
  tell({ kind: 'ready' });
}

/** What `Maintenance` has stored; undefined: it never did. */
function storedAge(db: DatabaseSync): number | undefined {
  return db.prepare("SELECT value FROM meta WHERE name = 'age_ms'").get()?.['value'] as number | undefined;
}

/** Answers of one commit go back as one message a port. */
function serve(port: MessagePort, queue: WriteQueue, watchers: UploadWatchers): void {
  let answers: Answer[] = [];
  const answer = (item: Answer): void => {
    if (answers.length === 0) {
      queueMicrotask(() => {
        const batch = answers;
        answers = [];
        port.postMessage(batch);
      });
    }
    answers.push(item);
  };
  const tell = (changes: readonly UploadChange[]): void => {
    port.postMessage({ changes } satisfies WriterReply);
  };
  port.on('message', (request: WriterRequest) => {
    if ('stop' in request) {
      queue.stop(new Error(request.stop));
      return;
    }
    if ('watch' in request) {
      watchers.watch(request.watch, tell);
      port.postMessage({ watched: request.watch } satisfies WriterReply);
      return;
    }
    if ('unwatch' in request) {
      watchers.unwatch(request.unwatch, tell);
      return;
    }
    for (const { id, mutation } of request) {
      queue.enqueue(mutation, (outcome) => {
        // The rows have a copy of it. Left to the garbage collector, megabytes of it wait for their end.
        movedMemory(mutation)?.transfer(0);
        if ('result' in outcome) answer({ id, result: outcome.result });
        else
          answer({
            id,
            code: CatalogError.is(outcome.error) ? outcome.error.code : null,
            message: outcome.error.message,
          });
      });
    }
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  main(workerData as WriterData);
} catch (error) {
  parentPort?.postMessage({
    kind: 'failed',
    message: explainOpening(error),
  } satisfies WriterEvent);
}
