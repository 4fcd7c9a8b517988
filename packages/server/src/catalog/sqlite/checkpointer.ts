/**
 * Keeps the write-ahead log short. After a commit, once the log has grown by some megabytes, its pages are moved into
 * the database, by a thread of its own where there is one, for the writer would wait for the disk as long as for a
 * hundred commits. The log starts over when all of it has been moved and no reader needs it any more: for the rest
 * the writer stops for a moment, and readers hold no snapshot for longer than one read.
 */

import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EpochWriter } from '../epochs.ts';
import type { LogMover } from './log-mover.ts';
import { readPragma } from './schema.ts';

const MIB = 1024 * 1024;

/** Bytes of log that are worth moving. More at once rewrites hot pages less often, and holds the disk for longer. */
const MOVE_AT = 16 * MIB;
const MOVE_BESIDE_AT = 4 * MIB;
/** From here on readers are asked to be brief: until the log has started over. */
const BRIEF_AT = 12 * MIB;
/** From here on the log starts over, as soon as no more is left to do for that than the writer has time for, */
const RESTART_AT = 48 * MIB;
const RESTART_LEFT = 8 * MIB;
/** and from here on whatever is left. */
const LOG_MAX = 96 * MIB;

export class Checkpointer {
  readonly #noop: StatementSync;
  readonly #passive: StatementSync;
  readonly #restart: StatementSync;
  readonly #truncate: StatementSync;
  readonly #pageSize: number;
  readonly #log: string;
  readonly #epochs: EpochWriter;
  readonly #mover: LogMover | undefined;
  #brief = false;

  /** @param mover moves the log while the writer goes on; without it the writer does. */
  constructor(db: DatabaseSync, path: string, epochs: EpochWriter, mover?: LogMover) {
    this.#epochs = epochs;
    this.#mover = mover;
    this.#noop = db.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#passive = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#restart = db.prepare('PRAGMA wal_checkpoint(RESTART)');
    this.#truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#pageSize = readPragma(db, 'page_size');
    this.#log = `${path}-wal`;
  }

  /**
   * Size of the log's file: what it has needed at most since it was last truncated. 0 when its path leads nowhere, or
   * may not be followed any more: whoever asks for metrics must not end the writer by that.
   */
  get logBytes(): number {
    try {
      return statSync(this.#log).size;
    } catch {
      return 0;
    }
  }

  /** Throws when the checkpoint fails. */
  afterCommit(): void {
    const { log, checkpointed } = this.#noop.get() as { log: number; checkpointed: number };
    const bytes = log * this.#pageSize;
    const left = bytes - checkpointed * this.#pageSize;
    const brief = bytes >= BRIEF_AT;
    if (brief !== this.#brief) this.#epochs.askForBriefReads((this.#brief = brief));
    if (this.#mover === undefined) this.#move(bytes, left);
    else this.#moveBeside(this.#mover, bytes, left);
  }

  #move(bytes: number, left: number): void {
    if (left < MOVE_AT) return;
    (bytes < RESTART_AT ? this.#passive : this.#restart).get();
  }

  #moveBeside(mover: LogMover, bytes: number, left: number): void {
    if (mover.moving && bytes < LOG_MAX) return;
    if (bytes >= LOG_MAX || (bytes >= RESTART_AT && left < RESTART_LEFT)) {
      mover.wait();
      this.#restart.get();
    } else if (left >= MOVE_BESIDE_AT) {
      mover.start();
    }
  }

  /** Moves everything into the database and empties the log: before an orderly end. */
  truncate(): void {
    this.#truncate.get();
  }
}
