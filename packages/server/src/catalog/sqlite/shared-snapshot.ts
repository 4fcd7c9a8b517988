/**
 * One read transaction for all reads of a turn of the event loop: they share the cost of its locks. It is left as soon
 * as there is a newer commit, at the end of the turn, and after each read while the writer waits for readers, so that
 * it never keeps the write-ahead log from being reset. A log that has grown and is written to no more is waited for by
 * nobody: a transaction for each read would be a tenth of a small GET then, for as long as the log is as it is.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EpochReader } from '../epochs.ts';

/** After so many since the last commit reads are not brief any more: there is nobody to make way for. */
const READS_BETWEEN_COMMITS = 1000;

export class SharedSnapshot {
  readonly #db: DatabaseSync;
  readonly #epochs: EpochReader;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #giveUp: StatementSync;
  /** The newest commit when it was begun; undefined: none is open. */
  #committed: bigint | undefined;
  #scheduled = false;
  #newest: bigint | undefined;
  #readsSince = 0;

  constructor(db: DatabaseSync, epochs: EpochReader) {
    this.#db = db;
    this.#epochs = epochs;
    this.#begin = db.prepare('BEGIN');
    this.#end = db.prepare('COMMIT');
    this.#giveUp = db.prepare('ROLLBACK');
  }

  /** What `work` reads, synchronously, is of one state, which holds every commit that was acknowledged before. */
  read<T>(work: () => T): T {
    this.#enter();
    try {
      return work();
    } finally {
      if (this.#epochs.brief && this.#readsSince < READS_BETWEEN_COMMITS) this.#leave();
      else this.#leaveSoon();
    }
  }

  #enter(): void {
    // Loaded before the transaction begins, and stored by the writer before it acknowledges.
    const { committing, committed } = this.#epochs;
    this.#readsSince++;
    if (committing || committed !== this.#newest) {
      this.#newest = committed;
      this.#readsSince = 0;
    }
    // While a commit is under way another thread may have shown it, and this one must not go back behind that.
    if (!committing && this.#committed === committed && this.#db.isTransaction) return;
    this.#leave();
    this.#begin.run();
    this.#committed = committed;
  }

  #leaveSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#leave();
    });
  }

  #leave(): void {
    this.#committed = undefined;
    // SQLite ends it by itself after some errors.
    if (!this.#db.isOpen || !this.#db.isTransaction) return;
    try {
      this.#end.run();
    } catch {
      // The disk cannot be read. Whoever has read from it was told; the thread must not end by it.
      this.#abandon();
    }
  }

  #abandon(): void {
    try {
      this.#giveUp.run();
    } catch {
      // It is still open, then, and the next read is told.
    }
  }
}
