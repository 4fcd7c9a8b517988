/**
 * The lock of an archive's one writer: SQLite's own lock on a file beside it, which the system drops when the process ends,
 * however it ends. Readers need none.
 */

import { rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../errors.ts';

/** SQLite's code for a lock that somebody else holds. */
const BUSY = 5;

export class ArchiveLock {
  readonly #path: string;
  readonly #held: DatabaseSync;

  private constructor(path: string, held: DatabaseSync) {
    this.#path = path;
    this.#held = held;
  }

  /** @throws {StoreError} `Unavailable` while there is another writer */
  static take(archive: string): ArchiveLock {
    const path = `${archive}.lock`;
    for (;;) {
      const before = inode(path);
      const held = lock(path, archive);
      // Who gives the lock back removes its file: a lock on a removed file is none.
      if (before !== undefined && inode(path) === before) return new ArchiveLock(path, held);
      held.close();
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
    this.#held.close();
  }
}

function lock(path: string, archive: string): DatabaseSync {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
    return file;
  } catch (error) {
    file.close();
    if (typeof error !== 'object' || error === null || !('errcode' in error) || error.errcode !== BUSY)
      throw error;
    throw new StoreError(
      'Unavailable',
      `${archive} is being written by another store or process: close that first`,
      {
        cause: error,
      },
    );
  }
}

function inode(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
