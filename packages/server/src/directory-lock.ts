/**
 * A directory of which one process is the owner, by SQLite's own lock on a file that is kept for it: the system drops it
 * when the process ends, however it ends.
 */

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { syncDirectory } from './blobs/files/file-blob-store.ts';
import { createPrivately } from './catalog/sqlite/connection.ts';
import { sqliteCode } from './catalog/sqlite/sqlite-errors.ts';

export const LOCK_FILE = 'lock';

/** SQLITE_BUSY. */
const BUSY = 5;

export class DirectoryLocked extends Error {
  constructor(path: string) {
    super(`${path} is in use by another process`);
    this.name = 'DirectoryLocked';
  }
}

/**
 * Every directory that was made on the way is synced into its parent; before it was locked for the first time that is all of them,
 * for a start that was killed in the midst of this has made some and synced none.
 */
export async function makeDurably(path: string): Promise<void> {
  const topmost = makeMissing(path);
  const end = dirname(topmost ?? path);
  const locked = existsSync(join(path, LOCK_FILE));
  let ours = true;
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    try {
      await syncDirectory(parent);
    } catch (error) {
      // One that we may not even list was made by somebody else, long before.
      const { code } = error as NodeJS.ErrnoException;
      if (ours ? topmost !== undefined || code !== 'EACCES' : code === 'EIO') throw error;
    }
    if (parent === end) ours = false;
    if ((locked && !ours) || parent === dirname(parent)) return;
  }
}

/**
 * Makes what is missing of a path and returns the topmost directory that was made. Not by `recursive`: of a directory
 * that the system denies to be there once its parent is (any name below /proc), Node.js asks again for ever.
 */
function makeMissing(path: string): string | undefined {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.unshift(at);
  for (const directory of missing) {
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      // Another start may have come first.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isDirectory(directory)) throw error;
    }
  }
  if (!isDirectory(path)) throw Object.assign(new Error('it is not a directory'), { code: 'ENOTDIR' });
  return missing[0];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Held until it is closed, or the process ends.
 *
 * @throws DirectoryLocked
 */
export function takeLock(path: string): DatabaseSync {
  const file = join(path, LOCK_FILE);
  // Whoever may read it could hold it; and the directory may have been made by somebody else, open to all.
  createPrivately(file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const busy = sqliteCode(error) === BUSY;
    throw busy ? new DirectoryLocked(path) : error;
  }
}
