/**
 * A data directory: its parts, and the lock that makes one process its owner. The lock is SQLite's own on a file that
 * is kept for it: the system drops it when the process ends, however it ends.
 */

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createPrivately } from './catalog/sqlite/connection.ts';
import { prepareDirectories, syncDirectory } from './blobs/files/file-blob-store.ts';

export class DataDirectoryLocked extends Error {
  constructor(path: string) {
    super(
      `The data directory ${path} is in use by another process. Stop that one, or choose another with --data.`,
    );
    this.name = 'DataDirectoryLocked';
  }
}

export interface DataDirectory {
  /** Gives the directory up. */
  close(): void;
}

/** Makes the directory when it is missing, locks it, and removes what a crash left in `tmp/`. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await syncDirectory(dirname(path));
  const lock = takeLock(path);
  try {
    await prepareDirectories(path);
  } catch (error) {
    lock.close();
    throw error;
  }
  return lock;
}

function takeLock(path: string): DatabaseSync {
  const file = join(path, 'lock');
  // Whoever may read it could hold it.
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
