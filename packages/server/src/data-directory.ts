/**
 * A data directory: its parts, and the lock that makes one process its owner. The lock is SQLite's own on a file that
 * is kept for it: the system drops it when the process ends, however it ends.
 */

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createPrivately } from './catalog/sqlite/connection.ts';
import { prepareDirectories, syncDirectory } from './blobs/files/file-blob-store.ts';

const LOCK_FILE = 'lock';

export class DataDirectoryLocked extends Error {
  constructor(path: string) {
    super(
      `The data directory ${path} is in use by another process. Stop that one, or choose another with --data.`,
    );
    this.name = 'DataDirectoryLocked';
  }
}

/** It cannot be made, read or written. */
export class DataDirectoryUnusable extends Error {
  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The data directory ${path} cannot be used (${reason}). ` +
        'Give the user that runs Cistern the right to write there, or choose another with --data.',
      { cause },
    );
    this.name = 'DataDirectoryUnusable';
  }
}

export interface DataDirectory {
  /** Gives the directory up. */
  close(): void;
}

/**
 * Makes the directory when it is missing, locks it, and removes what a crash left in `tmp/`.
 *
 * @throws DataDirectoryLocked, DataDirectoryUnusable
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  let lock: DatabaseSync | undefined;
  try {
    await makeDurably(path);
    lock = takeLock(path);
    await prepareDirectories(path);
    return lock;
  } catch (error) {
    lock?.close();
    throw error instanceof DataDirectoryLocked ? error : new DataDirectoryUnusable(path, error);
  }
}

/** Every directory that was made on the way is synced into its parent. */
async function makeDurably(path: string): Promise<void> {
  const topmost = mkdirSync(path, { recursive: true, mode: 0o700 });
  const end = dirname(topmost ?? path);
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    try {
      await syncDirectory(parent);
    } catch (error) {
      // One that we may not even list was made by somebody else, long before.
      if (topmost !== undefined || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    }
    if (parent === end || parent === dirname(parent)) return;
  }
}

function takeLock(path: string): DatabaseSync {
  const file = join(path, LOCK_FILE);
  // Whoever may read it could hold it; and the directory may have been made by somebody else, open to all.
  createPrivately(file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5;
    throw busy ? new DataDirectoryLocked(path) : error;
  }
}
