/**
 * A catalog in a temporary directory with its writer in the same thread: the parts that the writer thread and a gateway
 * thread join through a port, here joined by a call. Without maintenance: a test takes the reaper's steps itself.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import type { EpochMemory } from '../epochs.ts';
import type { UploadChange } from '../uploads.ts';
import { createEpochMemory, EpochReader, EpochWriter } from '../epochs.ts';
import { DATABASE_FILE, openReader, openWriter } from './connection.ts';
import type { LogMover } from './log-mover.ts';
import type { Mutation, MutationName, Mutations } from './mutation.ts';
import { Reaper } from './reaper.ts';
import { SqliteCatalog } from './sqlite-catalog.ts';
import { SnapshotSweeper } from './snapshot-sweeper.ts';
import type { WriterClient } from './writer-client.ts';
import { UploadWatchers } from './upload-watchers.ts';
import { WriteQueue } from './write-queue.ts';

/** What a test's context and a suite's have in common. */
interface Cleanup {
  after(work: () => void): void;
}

export interface SqliteStore {
  readonly path: string;
  /** With one slot, that of `catalog`. */
  readonly memory: EpochMemory;
  /** The writing connection. */
  readonly db: DatabaseSync;
  readonly queue: WriteQueue;
  readonly reaper: Reaper;
  readonly sweeper: SnapshotSweeper;
  /** Locations whose bytes the reaper has deleted, in order. */
  readonly deleted: string[];
  /** Mutations of each commit, in order. */
  readonly commits: number[];
  /** What the queue was stopped by. */
  readonly stops: unknown[];
  readonly catalog: SqliteCatalog;
  readonly write: WriterClient['write'];
  /** Ends without an orderly close of anything but the connections, as a crash after the last commit would. */
  crash(): void;
}

export interface SqliteStoreOptions {
  /** Default: a new one, which is removed after the test. */
  readonly directory?: string;
  /** Of the writer. */
  readonly clock?: () => number;
  /** Moves the log beside the writer; default: the writer does. The caller closes it. */
  readonly mover?: LogMover;
  /** Default: records the location. */
  readonly deleteBlob?: (location: string) => Promise<void>;
}

export function temporaryDirectory(t: Cleanup): string {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-catalog-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function openSqliteStore(t: Cleanup, options: SqliteStoreOptions = {}): SqliteStore {
  const directory = options.directory ?? temporaryDirectory(t);
  const path = join(directory, DATABASE_FILE);
  const memory = createEpochMemory(1);
  const epochs = new EpochWriter(memory);
  const db = openWriter(path);
  const readerDb = openReader(path);
  const deleted: string[] = [];
  const commits: number[] = [];
  const stops: unknown[] = [];
  const watchers = new UploadWatchers();
  const queue = new WriteQueue({
    db,
    path,
    epochs,
    ...(options.mover !== undefined && { mover: options.mover }),
    ...(options.clock !== undefined && { clock: options.clock }),
    onCommit: ({ mutations }) => commits.push(mutations),
    onUploads: (changes) => watchers.changed(changes),
    onStop: (cause) => {
      stops.push(cause);
      watchers.stop();
    },
  });
  const deleteBlob = async ({ location }: { location: string }): Promise<void> => {
    await options.deleteBlob?.(location);
    deleted.push(location);
  };
  const reaper = new Reaper({ queue, epochs, deleteBlob });
  const sweeper = new SnapshotSweeper(queue);
  const write = writeThrough(queue);
  const catalog = new SqliteCatalog({
    db: readerDb,
    writer: { write, watchUpload: watchIn(watchers) },
    epochs: new EpochReader(memory, 0),
  });
  const crash = (): void => {
    for (const connection of [readerDb, db]) if (connection.isOpen) connection.close();
  };
  t.after(crash);
  return { path, memory, db, queue, reaper, sweeper, deleted, commits, stops, catalog, write, crash };
}

function watchIn(watchers: UploadWatchers): WriterClient['watchUpload'] {
  return async (upload, listener) => {
    const tell = (changes: readonly UploadChange[]): void => changes.forEach(listener);
    watchers.watch(upload, tell);
    return () => watchers.unwatch(upload, tell);
  };
}

function writeThrough(queue: WriteQueue): WriterClient['write'] {
  return <N extends MutationName>(name: N, input: Mutations[N]['input']) =>
    new Promise<Mutations[N]['result']>((resolve, reject) => {
      queue.enqueue({ name, input } as Mutation, (outcome) => {
        if ('result' in outcome) resolve(outcome.result);
        else reject(outcome.error);
      });
    });
}

/** The only number of a query's only row. */
export function count(db: DatabaseSync, query: string): number {
  const row = db.prepare(query).get();
  return Object.values(row ?? {})[0] as number;
}
