/**
 * Keeps the write-ahead log short. After a commit, once the log has grown by some megabytes, its pages are moved into
 * the database. The log starts over when no reader needs it any more: meanwhile readers hold no snapshot for longer
 * than one read. Should the log grow past the hard limit all the same, the writer waits for them.
 */

import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DiskRoom } from '../../disk-room.ts';
import type { EpochWriter } from '../epochs.ts';
import { readPragma } from './schema.ts';

/**
 * Bytes of log that are moved at once. More rewrite hot pages less often, fewer hold the writer up for a shorter time
 * and need less of a small disk.
 */
const BATCH_BYTES = 16 * 1024 * 1024;
const RESERVE_SHARE = 1 / 4;
/** Of such a batch: from here on readers are asked to be brief, until the log has started over. */
const BRIEF_AT = 3 / 4;
/** In batches: the hard limit. */
const RESTART_AT = 3;

export class Checkpointer {
  readonly #noop: StatementSync;
  readonly #passive: StatementSync;
  readonly #restart: StatementSync;
  readonly #truncate: StatementSync;
  readonly #pageSize: number;
  readonly #log: string;
  readonly #epochs: EpochWriter;
  readonly #batch: number;
  #brief = false;

  constructor(db: DatabaseSync, path: string, { epochs, room }: { epochs: EpochWriter; room: DiskRoom }) {
    this.#batch = Math.min(BATCH_BYTES, room.reserve * RESERVE_SHARE);
    this.#epochs = epochs;
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
    const brief = bytes >= this.#batch * BRIEF_AT;
    if (brief !== this.#brief) this.#epochs.askForBriefReads((this.#brief = brief));
    if ((log - checkpointed) * this.#pageSize < this.#batch) return;
    (bytes < this.#batch * RESTART_AT ? this.#passive : this.#restart).get();
  }

  /** Moves what no reader holds up. Throws when that fails. */
  moveNow(): void {
    this.#passive.get();
  }

  /** Moves everything into the database and empties the log: before an orderly end. */
  truncate(): void {
    this.#truncate.get();
  }
}
