/** A data directory: its parts, the lock that makes one process its owner, and the directories of storage classes. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { prepareDirectories } from './blobs/files/file-blob-store.ts';
import { DATABASE_FILE } from './catalog/sqlite/connection.ts';
import { SQLITE, sqliteCode } from './catalog/sqlite/sqlite-errors.ts';
import { BlobStoreUnusable } from './blobs/objects/blob-store-unusable.ts';
import { ClassDirectoryUnusable, idOf, openClassDirectories } from './class-directories.ts';
import type { BlobStoreConfig, StorageClassMap } from './config.ts';
import { DirectoryLocked, LOCK_FILE, makeDurably, takeLock } from './directory-lock.ts';
import { DiskRoom } from './disk-room.ts';
import { SpareRoom } from './spare-room.ts';

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
  if (isFull(cause)) return 'Make room on its disk.';
  if (cause instanceof Error && 'errcode' in cause)
    return `Its file "${LOCK_FILE}" holds nothing that is needed: remove it while no server uses the directory.`;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (NO_DIRECTORY.has(code)) return 'Choose another with --data.';
  return 'Give the user that runs Cistern the right to write there, or choose another with --data.';
}

function isFull(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' || sqliteCode(cause) === SQLITE.full;
}

export interface DataDirectory {
  /** Gives the directory up. */
  close(): void;
}

/**
 * Makes the directory when it is missing, locks it, and removes what a crash left in `tmp/`; then the same with those of
 * storage classes. A store for blobs is looked at, and bound to this data directory.
 *
 * @throws DataDirectoryLocked, DataDirectoryUnusable, CatalogMissing, ClassDirectoryUnusable, BlobStoreUnusable
 */
export async function openDataDirectory(
  path: string,
  classes: StorageClassMap = {},
  blobs: BlobStoreConfig | null = null,
): Promise<DataDirectory> {
  let lock: DatabaseSync | undefined;
  try {
    await makeDurably(path);
    const spare = new SpareRoom(path);
    spare.useForStart();
    lock = takeLock(path);
    refuseLostCatalog(path);
    await prepareDirectories(path);
    spare.keep(new DiskRoom(path));
    const directories = await openClassDirectories(path, classes);
    if (blobs !== null) {
      const { claimBlobStore } = await import('./blobs/objects/claim-blob-store.ts');
      await claimBlobStore(await idOf(path), blobs).catch((error: unknown) => {
        directories.close();
        throw error;
      });
    }
    const data = lock;
    return {
      close: () => {
        directories.close();
        data.close();
      },
    };
  } catch (error) {
    lock?.close();
    if (
      error instanceof CatalogMissing ||
      error instanceof ClassDirectoryUnusable ||
      error instanceof BlobStoreUnusable
    )
      throw error;
    throw error instanceof DirectoryLocked
      ? new DataDirectoryLocked(path)
      : new DataDirectoryUnusable(path, error);
  }
}

/**
 * Locks a directory that is there, and changes nothing in it: for whoever only looks.
 *
 * @throws DataDirectoryLocked, DataDirectoryUnusable
 */
export function lockDataDirectory(path: string): DataDirectory {
  try {
    if (!existsSync(path)) throw Object.assign(new Error('there is no such directory'), { code: 'ENOENT' });
    return takeLock(path);
  } catch (error) {
    throw error instanceof DirectoryLocked
      ? new DataDirectoryLocked(path)
      : new DataDirectoryUnusable(path, error);
  }
}

/** No blob is stored before the catalog is there: it was lost, by a copy that is not whole for one. */
function refuseLostCatalog(path: string): void {
  const catalog = join(path, DATABASE_FILE);
  const blobs = join(path, 'blobs');
  if (existsSync(catalog) && statSync(catalog).size > 0) return;
  if (existsSync(blobs) && readdirSync(blobs).length > 0) throw new CatalogMissing(path);
}
