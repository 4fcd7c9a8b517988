/**
 * A data directory: its parts, and the lock that makes one process its owner. The lock is SQLite's own on a file that
 * is kept for it: the system drops it when the process ends, however it ends.
 */

import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createPrivately, DATABASE_FILE } from './catalog/sqlite/connection.ts';
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
    super(`The data directory ${path} cannot be used (${reason}). ${adviceOn(cause)}`, { cause });
    this.name = 'DataDirectoryUnusable';
  }
}

/** Objects are there, and what says which they are is not: a catalog made now would be an empty one. */
export class CatalogMissing extends Error {
  constructor(path: string) {
    super(
      `${join(path, DATABASE_FILE)} is missing or empty, but ${join(path, 'blobs')} holds objects. Nothing was changed. ` +
        `Restore ${DATABASE_FILE}, or choose another data directory with --data.`,
    );
    this.name = 'CatalogMissing';
  }
}

/** Refusals that have nothing to do with the user's rights. */
const NO_DIRECTORY = new Set(['EEXIST', 'ENOENT', 'ENOTDIR']);

function adviceOn(cause: unknown): string {
  if (cause instanceof Error && 'errcode' in cause)
    return `Its file "${LOCK_FILE}" holds nothing that is needed: remove it while no server uses the directory.`;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (NO_DIRECTORY.has(code)) return 'Choose another with --data.';
  return 'Give the user that runs Cistern the right to write there, or choose another with --data.';
}

export interface DataDirectory {
  /** Gives the directory up. */
  close(): void;
}

/**
 * Makes the directory when it is missing, locks it, and removes what a crash left in `tmp/`.
 *
 * @throws DataDirectoryLocked, DataDirectoryUnusable, CatalogMissing
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  let lock: DatabaseSync | undefined;
  try {
    await makeDurably(path);
    lock = takeLock(path);
    refuseLostCatalog(path);
    await prepareDirectories(path);
    return lock;
  } catch (error) {
    lock?.close();
    const explained = error instanceof DataDirectoryLocked || error instanceof CatalogMissing;
    throw explained ? error : new DataDirectoryUnusable(path, error);
  }
}

/**
 * Locks a directory that is there, and changes nothing in it: for whoever only looks.
 *
 * @throws DataDirectoryLocked, DataDirectoryUnusable
 */
export function lockDataDirectory(path: string): DataDirectory {
  try {
    if (!isDirectory(path)) throw Object.assign(new Error('there is no such directory'), { code: 'ENOENT' });
    return takeLock(path);
  } catch (error) {
    throw error instanceof DataDirectoryLocked ? error : new DataDirectoryUnusable(path, error);
  }
}

/** No blob is stored before the catalog is there: it was lost, by a copy that is not whole for one. */
function refuseLostCatalog(path: string): void {
  const catalog = join(path, DATABASE_FILE);
  const blobs = join(path, 'blobs');
  if (existsSync(catalog) && statSync(catalog).size > 0) return;
  if (existsSync(blobs) && readdirSync(blobs).length > 0) throw new CatalogMissing(path);
}

/** Every directory that was made on the way is synced into its parent. */
async function makeDurably(path: string): Promise<void> {
  const topmost = makeMissing(path);
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
