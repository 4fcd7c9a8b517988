/**
 * Keeps the write-ahead log short. After a commit, once the log has grown by some megabytes, its pages are moved into
 * the database, by a thread of its own where there is one, for the writer would wait for the disk as long as for a
 * hundred commits. The log starts over when all of it has been moved and no reader needs it any more: for the rest
 * the writer stops for a moment, and readers hold no snapshot for longer than one read.
 */

import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DiskRoom } from '../../disk-room.ts';
import type { EpochWriter } from '../epochs.ts';
import type { LogMover } from './log-mover.ts';
import { readPragma } from './schema.ts';

/** Bytes of log that are worth moving. More at once rewrites hot pages less often, and needs more of a small disk. */
const BATCH_BYTES = 16 * 1024 * 1024;
const RESERVE_SHARE = 1 / 4;
/** In batches: from here on readers are asked to be brief, until the log has started over. */
const BRIEF_AT = 3 / 4;
/** What is moved beside the writer, who does not wait for it. */
const BESIDE = 1 / 4;
/** From here on the log starts over, as soon as no more is left to do for that than the writer has time for, */
const RESTART_AT = 3;
const RESTART_LEFT = 1 / 2;
/** and from here on whatever is left. */
const LOG_MAX = 6;

export interface CheckpointerOptions {
  readonly epochs: EpochWriter;
  readonly room: DiskRoom;
  /** Moves the log while the writer goes on; without it the writer does. */
  readonly mover?: LogMover | undefined;
}

export class Checkpointer {
  readonly #noop: StatementSync;
  readonly #passive: StatementSync;
  readonly #restart: StatementSync;
  readonly #truncate: StatementSync;
  readonly #pageSize: number;
  readonly #log: string;
  readonly #epochs: EpochWriter;
  readonly #mover: LogMover | undefined;
  readonly #room: DiskRoom;
  readonly #batch: number;
  #brief = false;

  constructor(db: DatabaseSync, path: string, { epochs, room, mover }: CheckpointerOptions) {
    this.#batch = Math.min(BATCH_BYTES, room.reserve * RESERVE_SHARE);
    this.#epochs = epochs;
    this.#mover = mover;
    this.#room = room;
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
    const brief = bytes >= this.#batch * BRIEF_AT;
    if (brief !== this.#brief) this.#epochs.askForBriefReads((this.#brief = brief));
    // A log that starts over late takes room that deletions need, once there is little.
    if (this.#mover?.usable === true && this.#room.left > 0) this.#moveBeside(this.#mover, bytes, left);
    else this.#move(bytes, left);
  }

  #move(bytes: number, left: number): void {
    if (left < this.#batch || this.#mover?.moving === true) return;
    (bytes < this.#batch * RESTART_AT ? this.#passive : this.#restart).get();
  }

  #moveBeside(mover: LogMover, bytes: number, left: number): void {
    const full = bytes >= this.#batch * LOG_MAX;
    if (mover.moving && !full) return;
    if (full || (bytes >= this.#batch * RESTART_AT && left < this.#batch * RESTART_LEFT)) {
      mover.wait();
      this.#restart.get();
    } else if (left >= this.#batch * BESIDE) {
      mover.start();
    }
  }

  /** Moves what no reader holds up. Throws when that fails. */
  moveNow(): void {
    this.#mover?.wait();
    this.#passive.get();
  }

  /** Moves everything and waits for readers: the next commit takes the place of the first. Throws when that fails. */
  startOver(): void {
    this.#mover?.wait();
    this.#restart.get();
  }

  /** Moves everything into the database and empties the log: before an orderly end. */
  truncate(): void {
    this.#truncate.get();
  }
}
