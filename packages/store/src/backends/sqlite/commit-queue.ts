/**
 * Group commit: what waits at the same time is written in one transaction, so that one sync serves it all. After a commit that
 * the disk failed nothing more is written: SQLite itself would go on, over a log with a hole.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { fromSqlite, isBusy, isIoError } from './sqlite-errors.ts';

/** A transaction takes no more than this, so that the event loop turns in between. */
const JOBS_MAX = 256;
const BYTES_MAX = 2 * 1024 * 1024;
/** Between two tries to begin while another process writes, in milliseconds. */
const RETRY_MS = 10;

export interface JobOptions {
  readonly operation: StoreOperation;
  readonly key?: string | undefined;
  /** `false`: durable with whatever is synced next; for what nobody is told of yet */
  readonly sync?: boolean | undefined;
  /** what it writes, roughly */
  readonly bytes?: number | undefined;
}

interface Job extends JobOptions {
  /** what is left to do once it is committed, or why it is not to be */
  readonly run: () => () => void;
  readonly fail: (error: StoreError) => void;
}

export class CommitQueue {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  #jobs: Job[] = [];
  #running: Promise<void> | undefined;
  #syncs = true;
  #failure: unknown;

  constructor(db: DatabaseSync, path: string, busyTimeoutMs: number) {
    this.#db = db;
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /**
   * @param act writes; what it throws as StoreError it throws before its first change. It cannot be undone alone.
   * @returns when it is committed
   */
  add<T>(options: JobOptions, act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): (() => void) => {
        try {
          const value = act();
          return () => resolve(value);
        } catch (error) {
          if (!isStoreError(error)) throw error;
          return () => reject(error);
        }
      };
      this.#jobs.push({ ...options, run, fail: reject });
      this.#running ??= this.#work();
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #work(): Promise<void> {
    try {
      while (this.#jobs.length > 0) {
        // What is called in this turn still comes along.
        await new Promise(setImmediate);
        const jobs = this.#take();
        try {
          await this.#begin(jobs.some(({ sync }) => sync !== false));
          this.#commit(jobs);
        } catch (error) {
          if (isIoError(error)) this.#failure = error;
          for (const { operation, key, fail } of jobs) fail(fromSqlite(error, this.#path, operation, key));
        }
      }
    } finally {
      this.#running = undefined;
    }
  }

  #take(): Job[] {
    let bytes = 0;
    let count = 0;
    while (count < Math.min(this.#jobs.length, JOBS_MAX) && bytes < BYTES_MAX) {
      bytes += this.#jobs[count++]?.bytes ?? 0;
    }
    return this.#jobs.splice(0, count);
  }

  /** Waits for other processes between short tries, since one try holds up the event loop. */
  async #begin(sync: boolean): Promise<void> {
    if (this.#failure !== undefined) {
      throw new StoreError(
        'Unavailable',
        `A write to ${this.#path} failed before: close the store and open it again, which reads back what is there`,
        { cause: this.#failure, retry: 'permanent' },
      );
    }
    if (sync !== this.#syncs) this.#db.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`);
    this.#syncs = sync;
    const deadline = performance.now() + this.#busyTimeoutMs;
    for (;;) {
      try {
        this.#db.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() >= deadline) throw error;
      }
      await delay(RETRY_MS);
    }
  }

  /** Synchronous from here on: no read of ours sees a transaction that may be rolled back. */
  #commit(jobs: readonly Job[]): void {
    try {
      const settle = jobs.map((job) => job.run());
      this.#db.exec('COMMIT');
      for (const one of settle) one();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
