/**
 * The lock of an archive's one writer: SQLite's own lock on a file beside it, which the system drops when the process ends,
 * however it ends. Readers need none.
 */

import { rmSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
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
  static async take(archive: string): Promise<ArchiveLock> {
    // Only who writes needs it: archives are read where there is no SQLite, too.
    const { DatabaseSync: Database } = await import('node:sqlite');
    const path = `${archive}.lock`;
    for (;;) {
      const before = inode(path);
      const held = lock(new Database(path, { timeout: 0 }), archive);
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

function lock(file: DatabaseSync, archive: string): DatabaseSync {
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
