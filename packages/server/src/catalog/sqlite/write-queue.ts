/**
 * Group commit. Mutations that wait are run as one transaction, each of which may fail alone, and one sync serves
 * them all; nothing is answered before the commit has returned. After a commit, rollback or checkpoint that failed
 * the queue has stopped: SQLite would accept the next commit although the log has a hole, so nobody is answered with
 * success again until a restart has re-read the disk.
 */

import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { DiskRoom } from '../../disk-room.ts';
import type { Reservation } from '../catalog.ts';
import { CatalogError } from '../errors.ts';
import type { EpochWriter } from '../epochs.ts';
import { AgeClock } from './age-clock.ts';
import { BlobPins } from './blob-pins.ts';
import { Checkpointer } from './checkpointer.ts';
import type { LogMover } from './log-mover.ts';
import type { Mutation, MutationResult } from './mutation.ts';
import { applyMutation, isPlain } from './mutations/apply.ts';
import { TOKEN_MS } from './mutations/rename.ts';
import { WAIT } from './mutations/context.ts';
import type { WriteContext } from './mutations/context.ts';
import { SqliteReader } from './reader.ts';
import { SpareRoom } from '../../spare-room.ts';
import { SQLITE, sqliteCode } from './sqlite-errors.ts';
import type { UploadChange } from '../uploads.ts';
import { UploadReader } from './upload-reader.ts';
import { UploadStatements } from './upload-statements.ts';
import { WriteStatements } from './write-statements.ts';

/** A transaction takes no more than this, so that a long queue is answered in steps. */
const BATCH_MAX = 512;
/** Nor goes on taking more after this: slices of a fork, and copies of many pieces, take milliseconds each. */
const BATCH_MS_MAX = 50;

/** More than any one mutation takes. */
const FREE_PAGES_MIN = 256;

/** Bytes left on the disk: with more the pages are kept for what is written next. */
const SHRINK_BELOW = 1024 * 1024 * 1024;
/** A slice of a few milliseconds. */
const SHRINK_PAGES = 256;

const FULL = 'The disk that holds the catalog is full';

export type Outcome = { readonly result: MutationResult } | { readonly error: Error };

interface Job {
  readonly mutation: Mutation;
  readonly settle: (outcome: Outcome) => void;
}

export interface WriteQueueOptions {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly epochs: EpochWriter;
  /** Default: the queue moves the log itself, between commits. */
  readonly mover?: LogMover;
  readonly now?: () => number;
  /** As for AgeClock. */
  readonly newestMs?: number | undefined;
  /** Default: `performance.now`. Milliseconds. */
  readonly clock?: () => number;
  /** Called after each batch: how many mutations the commit carried and how long it took. */
  readonly onCommit?: (batch: { mutations: number; durationMs: number }) => void;
  /** Called after each commit that changed uploads. */
  readonly onUploads?: (changes: readonly UploadChange[]) => void;
  /** Called once, when the queue stops for good. */
  readonly onStop?: (cause: unknown) => void;
}

export class WriteQueue {
  readonly sql: WriteStatements;
  readonly pins = new BlobPins();
  readonly checkpointer: Checkpointer;
  readonly #options: WriteQueueOptions;
  readonly #context: WriteContext;
  readonly #room: DiskRoom;
  readonly #spare: SpareRoom;
  readonly #clock: () => number;
  #sequence: number;
  #jobs: Job[] = [];
  /** Reservations of content that is being deleted. */
  #waiting: Job[] = [];
  #scheduled = false;
  /** Where in the batch those begin that share the open savepoint. */
  #sharedFrom: number | undefined;
  /** Whether the open transaction has made or deleted a bucket. */
  #bucketsChanged = false;
  /** Of the open transaction. One that was undone with its mutation wakes somebody for nothing. */
  #uploadChanges: UploadChange[] = [];
  #stopped: CatalogError | undefined;
  /** How often room was made for commits since there was room for one. */
  #roomMade = 0;
  #batchMax = BATCH_MAX;
  #idle: (() => void)[] = [];

  constructor(options: WriteQueueOptions) {
    const { db, path } = options;
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.sql = new WriteStatements(db);
    const room = new DiskRoom(dirname(path));
    this.#room = room;
    this.#spare = new SpareRoom(dirname(path));
    this.checkpointer = new Checkpointer(db, path, { epochs: options.epochs, room, mover: options.mover });
    const row = db.prepare("SELECT value FROM meta WHERE name = 'sequence'").get();
    this.#sequence = row?.['value'] as number;
    options.epochs.committed(this.#sequence);
    const tokenAge = new AgeClock({ ...options, keptMs: TOKEN_MS });
    this.#context = {
      sql: this.sql,
      buckets: new Map(),
      reader: new SqliteReader(db),
      uploads: new UploadStatements(db),
      uploadReader: new UploadReader(db),
      pins: this.pins,
      now: options.now ?? Date.now,
      tokenNow: () => tokenAge.now(),
      nextSequence: () => ++this.#sequence,
      requireRoom: () => {
        if (room.left <= 0 && this.#pagesFree() < FREE_PAGES_MIN) throw new CatalogError('StorageFull', FULL);
      },
      bucketsChanged: () => {
        this.#bucketsChanged = true;
      },
      uploadChanged: (change) => this.#uploadChanges.push(change),
    };
  }

  /** The newest sequence number that was drawn; committed whenever no transaction is open. */
  get sequence(): number {
    return this.#sequence;
  }

  get stopped(): CatalogError | undefined {
    return this.#stopped;
  }

  enqueue(mutation: Mutation, settle: Job['settle']): void {
    if (this.#stopped !== undefined) {
      settle({ error: this.#stopped });
      return;
    }
    this.#jobs.push({ mutation, settle });
    this.#schedule();
  }

  /**
   * Runs internal work (the reaper's, the feed's) as a transaction of its own and returns what it returned, durable;
   * throws when the queue has stopped.
   */
  transact<T>(work: (context: WriteContext) => T): T {
    if (this.#stopped !== undefined) throw this.#stopped;
    const before = this.#sequence;
    let result: T;
    try {
      this.#begin();
      result = work(this.#context);
      this.#commit(before);
    } catch (error) {
      if (this.#stopped === undefined) this.#rollback(before, error);
      if (this.#stopped === undefined && isFull(error)) this.#makeRoom(1);
      throw error;
    }
    return result;
  }

  /** Asks again for the reservations that waited for content to be deleted. */
  retryWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#jobs.unshift(...waiting);
    if (waiting.length > 0) this.#schedule();
  }

  /** Resolves when nothing is queued. */
  async drained(): Promise<void> {
    if (this.#jobs.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Of the database: what was deleted from it leaves them, and what is inserted takes them before the file grows. */
  #pagesFree(): number {
    return (this.sql.freePages.get() as { freelist_count: number }).freelist_count;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the poll phase, so that everything that has arrived by then shares the commit.
    setImmediate(() => {
      this.#scheduled = false;
      this.#runBatch();
      if (this.#jobs.length > 0) this.#schedule();
      else for (const resolve of this.#idle.splice(0)) resolve();
    });
  }

  #runBatch(): void {
    if (this.#stopped !== undefined) return;
    const queued = this.#jobs;
    if (queued.length === 0) return;
    this.#jobs = [];
    const batch: Job[] = [];
    const started = this.#clock();
    const before = this.#sequence;
    const outcomes: (Outcome | typeof WAIT)[] = [];
    try {
      this.#begin();
      for (const job of queued) {
        if (batch.length === this.#batchMax || this.#clock() - started > BATCH_MS_MAX) break;
        batch.push(job);
        this.#apply(batch, outcomes);
      }
      this.#endShared();
      this.#commit(before);
    } catch (error) {
      if (this.#stopped === undefined) this.#rollback(before, error);
      for (const [i, outcome] of outcomes.entries()) this.#unpin(batch[i], outcome);
      if (this.#stopped === undefined && isFull(error) && this.#makeRoom(batch.length)) {
        this.#jobs = queued;
        return;
      }
      const answer = this.#stopped ?? toCatalogError(error);
      for (const job of this.#stopped === undefined ? batch : queued) job.settle({ error: answer });
      if (this.#stopped === undefined) this.#jobs = queued.slice(batch.length);
      return;
    }
    if (batch.length < queued.length) this.#jobs = queued.slice(batch.length);
    this.#options.onCommit?.({ mutations: batch.length, durationMs: this.#clock() - started });
    for (const [i, job] of batch.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined || outcome === WAIT) this.#waiting.push(job);
      else job.settle(outcome);
    }
    this.checkpoint();
  }

  #begin(): void {
    this.#context.buckets.clear();
    this.#sharedFrom = undefined;
    this.sql.begin.run();
  }

  /**
   * Makes the last of a batch. Plain ones that follow each other share a savepoint, for SQLite copies every page that
   * changes first in one: when one of them fails all are undone, and made again, each in its own.
   */
  #apply(batch: readonly Job[], outcomes: (Outcome | typeof WAIT)[]): void {
    const job = batch.at(-1);
    if (job === undefined) return;
    if (!isPlain(job.mutation)) {
      this.#endShared();
      outcomes.push(this.#applyOne(job.mutation));
      this.#context.buckets.clear();
      return;
    }
    if (this.#sharedFrom === undefined) {
      this.sql.savepoint.run();
      this.#sharedFrom = outcomes.length;
    }
    try {
      const result = applyMutation(this.#context, job.mutation);
      outcomes.push(result === WAIT ? WAIT : { result });
    } catch (error) {
      requireOrderly(error);
      const from = this.#sharedFrom;
      this.sql.rollbackToSavepoint.run();
      this.#endShared();
      outcomes.length = from;
      for (const { mutation } of batch.slice(from)) outcomes.push(this.#applyOne(mutation));
    }
  }

  #endShared(): void {
    if (this.#sharedFrom === undefined) return;
    this.#sharedFrom = undefined;
    this.sql.release.run();
  }

  #applyOne(mutation: Mutation): Outcome | typeof WAIT {
    this.sql.savepoint.run();
    try {
      const result = applyMutation(this.#context, mutation);
      this.sql.release.run();
      return result === WAIT ? WAIT : { result };
    } catch (error) {
      requireOrderly(error);
      this.sql.rollbackToSavepoint.run();
      this.sql.release.run();
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** Pins are no part of the transaction: those of reservations that were undone with it are taken back here. */
  #unpin(job: Job | undefined, outcome: Outcome | typeof WAIT): void {
    if (job?.mutation.name !== 'reserveBlob' || outcome === WAIT || !('result' in outcome)) return;
    this.pins.drop((outcome.result as Reservation).blob);
  }

  #commit(before: number): void {
    const { sql } = this;
    if (this.#sequence !== before) sql.setSequence.run(this.#sequence);
    this.#options.epochs.committing({ buckets: this.#bucketsChanged });
    try {
      sql.commit.run();
    } catch (error) {
      if (isFull(error)) throw error;
      this.stop(error);
      throw error;
    }
    this.#roomMade = 0;
    this.#batchMax = BATCH_MAX;
    this.#options.epochs.committed(this.#sequence);
    this.#bucketsChanged = false;
    if (this.#uploadChanges.length > 0) this.#options.onUploads?.(this.#uploadChanges);
    this.#uploadChanges = [];
  }

  #rollback(before: number, cause: unknown): void {
    this.#sequence = before;
    this.#uploadChanges = [];
    try {
      if (this.#options.db.isTransaction) this.sql.rollback.run();
    } catch (error) {
      this.stop(error);
      return;
    }
    if (isSqliteError(cause) && !isFull(cause)) this.stop(cause);
  }

  /** Moves the log into the database when it has grown enough. Failing at it stops the queue. */
  checkpoint(): void {
    this.#move(() => this.checkpointer.afterCommit());
  }

  /**
   * A slice of giving free pages of the database back to a disk that has little room: files cannot use them. Returns
   * whether there is more to do; throws when the queue has stopped.
   */
  shrink(): boolean {
    const free = this.#pagesFree();
    if (free < FREE_PAGES_MIN || this.#room.left > SHRINK_BELOW) return false;
    this.transact(() => this.#options.db.exec(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`));
    // The file becomes shorter when the log has been moved into it.
    this.#move(() => this.checkpointer.moveNow());
    return this.#pagesFree() < free;
  }

  /**
   * For the log of a disk that is full: where it starts over it takes no more of the disk, then by what was kept for this, then by less
   * at a time. @param mutations in the commit that had no room @returns whether it is worth another try
   */
  #makeRoom(mutations: number): boolean {
    const made = this.#roomMade++;
    if (made === 0) {
      this.#move(() => this.checkpointer.startOver());
      return this.#stopped === undefined;
    }
    if (this.#spare.use()) return true;
    this.#batchMax = Math.max(1, mutations >> 1);
    if (mutations === 1) this.#roomMade = 0;
    return mutations > 1;
  }

  /** What was given up for a full disk is kept again, once there is room. */
  keepSpare(): boolean {
    this.#spare.keep(this.#room);
    return false;
  }

  /** Moves all of it, before an orderly end. */
  emptyLog(): void {
    if (this.#stopped === undefined) this.#move(() => this.checkpointer.truncate());
  }

  #move(log: () => void): void {
    try {
      log();
    } catch (error) {
      this.logNotMoved(error);
    }
  }

  /** What the database has no room for is still in the log, whole, and is moved later. Everything else stops the queue. */
  logNotMoved(error: unknown): void {
    if (!isFull(error)) this.stop(error);
  }

  /** Acknowledges nothing any more, for good. */
  stop(cause: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = new CatalogError(
      'Stopped',
      'The catalog could not reach its disk and has stopped. Look at the disk, then restart the server.',
      { cause },
    );
    for (const job of [...this.#jobs, ...this.#waiting]) job.settle({ error: this.#stopped });
    this.#jobs = [];
    this.#waiting = [];
    this.#options.onStop?.(cause);
  }
}

const isSqliteError = (error: unknown): boolean => sqliteCode(error) !== undefined;

/** Rethrows what is no mutation's own: SQLite has rolled the whole transaction back by itself when the disk failed or is full. */
function requireOrderly(error: unknown): void {
  if (!CatalogError.is(error) && isSqliteError(error)) throw error;
}

const isFull = (error: unknown): boolean => sqliteCode(error) === SQLITE.full;

function toCatalogError(error: unknown): Error {
  if (isFull(error)) {
    return new CatalogError('StorageFull', FULL, { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}
