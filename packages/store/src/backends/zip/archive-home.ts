/** Where an archive lives: how it is opened, who may write it, and how it is replaced as a whole. */

import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { isStoreError, StoreError } from '../../errors.ts';
import type { ObjectStore } from '../../object-store.ts';
import { ArchiveLock } from './archive-lock.ts';
import { ObjectSource, openFileSource } from './archive-source.ts';
import type { ArchiveSource } from './archive-source.ts';

export interface ArchiveHome {
  /** whether the archive can be replaced, and without losing what somebody else wrote */
  readonly writable: boolean;
  /** whether its one writer is known when a put resolves, so that conditions are decided then */
  readonly exclusive: boolean;
  /** for what is not in the archive yet */
  readonly spoolFolder: string;
  /** @returns `undefined` when there is none */
  open(): Promise<ArchiveSource | undefined>;
  /** Makes this the only writer. @throws {StoreError} `Unavailable` */
  lock(): Promise<void>;
  unlock(): void;
  /** Whether `source` is still what is there. */
  isCurrent(source: ArchiveSource | undefined): Promise<boolean>;
  /** Puts a new archive in place of `old`, durably and as a whole. @throws {StoreError} `Conflict` when `old` is not there */
  replace(archive: AsyncIterable<Uint8Array>, old: ArchiveSource | undefined): Promise<void>;
  toString(): string;
}

interface FileState {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

export class FileHome implements ArchiveHome {
  readonly writable = true;
  readonly exclusive = true;
  readonly spoolFolder: string;
  readonly #path: string;
  #lock: ArchiveLock | undefined;
  #opened: FileState | undefined;

  constructor(path: string) {
    this.#path = resolve(path);
    this.spoolFolder = dirname(this.#path);
  }

  async open(): Promise<ArchiveSource | undefined> {
    const before = await this.#stat();
    const source = await openFileSource(this.#path);
    this.#opened = source === undefined ? undefined : before;
    return source;
  }

  async lock(): Promise<void> {
    if (this.#lock !== undefined) return;
    this.#lock = await ArchiveLock.take(this.#path);
    await this.#removeLeftovers();
  }

  unlock(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  async isCurrent(): Promise<boolean> {
    const now = await this.#stat();
    const then = this.#opened;
    return now?.ino === then?.ino && now?.size === then?.size && now?.mtimeMs === then?.mtimeMs;
  }

  async replace(archive: AsyncIterable<Uint8Array>): Promise<void> {
    const folder = dirname(this.#path);
    const partial = join(folder, `${this.#partialName}${randomBytes(6).toString('hex')}`);
    const mode = (await stat(this.#path).catch(() => undefined))?.mode;
    try {
      const file = await open(partial, 'wx', mode === undefined ? 0o666 : mode & 0o777);
      try {
        for await (const chunk of archive) {
          for (let written = 0; written < chunk.byteLength;) {
            written += (await file.write(chunk, written)).bytesWritten;
          }
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, this.#path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  toString(): string {
    return JSON.stringify(this.#path);
  }

  get #partialName(): string {
    return `.${basename(this.#path)}.rewritten-`;
  }

  /** What writers left that were killed while they wrote; nobody else writes now. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.spoolFolder)) {
      if (name.startsWith(this.#partialName)) await rm(join(this.spoolFolder, name), { force: true });
    }
  }

  #stat(): Promise<FileState | undefined> {
    return stat(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }
}

/** A file is found after a crash when its folder is on the disk, too. Windows cannot and need not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export class ObjectHome implements ArchiveHome {
  readonly writable: boolean;
  readonly exclusive = false;
  readonly spoolFolder = tmpdir();
  readonly #store: ObjectStore;
  readonly #key: string;

  constructor(store: ObjectStore, key: string) {
    const { write, create, ifMatch } = store.capabilities;
    this.writable = write && create && ifMatch;
    this.#store = store;
    this.#key = key;
  }

  async open(): Promise<ArchiveSource | undefined> {
    try {
      const { info } = await this.#store.get(this.#key, { head: true });
      return new ObjectSource(this.toString(), this.#store, this.#key, info);
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  lock(): Promise<void> {
    // `replace` finds out.
    return Promise.resolve();
  }

  unlock(): void {
    // There was none.
  }

  isCurrent(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async replace(archive: AsyncIterable<Uint8Array>, old: ArchiveSource | undefined): Promise<void> {
    const mode = old instanceof ObjectSource ? { ifMatch: old.etag } : 'create';
    try {
      await this.#store.put(this.#key, archive, { mode, attributes: this.#attributes() });
    } catch (error) {
      if (!isStoreError(error, 'PreconditionFailed') && !isStoreError(error, 'AlreadyExists')) throw error;
      throw new StoreError(
        'Conflict',
        `${this.toString()} was written by somebody else since it was opened: open it again, and put again`,
        { operation: 'close', key: this.#key, cause: error },
      );
    }
  }

  toString(): string {
    return `{ store: ${this.#store.toString()}, key: ${JSON.stringify(this.#key)} }`;
  }

  #attributes(): { readonly contentType: string } | undefined {
    return this.#store.capabilities.attributes ? { contentType: 'application/zip' } : undefined;
  }
}
