/**
 * Files that are written where nobody looks, until they are whole and synced and can be put in their place by one rename.
 * What a crash leaves here is removed by a later start.
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { stateOf, uniqueTimeUs } from './file-state.ts';
import type { FileState } from './file-state.ts';
import { unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';

/** No put takes longer between two of its chunks. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** A whole file, to be put in its place. */
export interface SealedFile {
  readonly path: string;
  readonly state: FileState;
}

export interface StagingOptions {
  readonly fs: FileSystem;
  /** exists */
  readonly folder: string;
  readonly durable: boolean;
}

export class Staging {
  readonly #options: StagingOptions;

  constructor(options: StagingOptions) {
    this.#options = options;
  }

  async create(): Promise<StagedFile> {
    const path = this.newPath();
    return new StagedFile(path, await this.#options.fs.open(path, 'wx'), this.#options);
  }

  /** A copy of the file at `path`: without its bytes where the file system can share them. */
  async copy(path: string): Promise<StagedFile> {
    const { fs } = this.#options;
    const copy = this.newPath();
    try {
      await fs.copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      // Windows syncs only what can be written to; elsewhere a copy of what is read-only can be synced, too.
      return new StagedFile(
        copy,
        await fs.open(copy, process.platform === 'win32' ? 'r+' : 'r'),
        this.#options,
      );
    } catch (error) {
      await fs.rm(copy, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** A path at which nothing is. */
  newPath(): string {
    return join(this.#options.folder, randomBytes(12).toString('hex'));
  }

  /** Removes what crashes left. */
  async sweep(): Promise<void> {
    const { fs, folder } = this.#options;
    const before = Date.now() - ABANDONED_MS;
    for (const name of await fs.readdir(folder)) {
      const stats = await unless(fs.lstat(join(folder, name)), 'ENOENT');
      if (stats !== undefined && stats.mtimeMs < before) {
        await fs.rm(join(folder, name), { force: true, recursive: true });
      }
    }
  }
}

export class StagedFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #options: StagingOptions;
  #position = 0;

  constructor(path: string, handle: FileHandle, options: StagingOptions) {
    this.path = path;
    this.#handle = handle;
    this.#options = options;
  }

  /** Appends; the memory is the caller's again when it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#handle, bytes, this.#position);
    this.#position += bytes.byteLength;
  }

  /** Nothing can be written any more. Resolves when all of it is on the disk. */
  async seal(): Promise<SealedFile> {
    const state = await sealFile(this.#handle, this.#options.durable);
    await this.#handle.close();
    return { path: this.path, state };
  }

  /**
   * Removes it, wherever it got to; what cannot be removed is left to a later start, since there is an error already.
   *
   * @returns whether the file is gone for good: `false` when it has got its place before, or nobody knows
   */
  async discard(): Promise<boolean> {
    try {
      await this.#handle.close();
      return await removeLast(this.#options.fs, this.path);
    } catch {
      return false;
    }
  }
}

/** Removes a name of a file. @returns whether it was the last one: no object has the file */
async function removeLast(fs: FileSystem, path: string): Promise<boolean> {
  const stats = await fs.lstat(path).catch(() => undefined);
  await fs.rm(path, { force: true });
  return stats?.nlink === 1;
}

/** Gives a file a time of its own, and syncs it with it: attributes and etags stand on it. */
export async function sealFile(handle: FileHandle, durable: boolean): Promise<FileState> {
  const seconds = uniqueTimeUs() / 1_000_000;
  await handle.utimes(seconds, seconds);
  const state = stateOf(await handle.stat({ bigint: true }));
  if (durable) await handle.sync();
  return state;
}

/** Writes all of `bytes` at `position`, however little the system takes at once. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(
      bytes,
      written,
      bytes.byteLength - written,
      position + written,
    );
    written += bytesWritten;
  }
}
