/** Folders below a root: made durably with all above them, synced, and removed when they are empty. */

import { dirname } from 'node:path';
import { errnoOf, unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';

/** Folders whose own entries are known to be on the disk; more than this are looked at again. */
const KNOWN_MAX = 10_000;

export interface DirectoriesOptions {
  readonly fs: FileSystem;
  /** absolute, without links; exists */
  readonly root: string;
  /** `false`: nothing is synced */
  readonly durable: boolean;
}

export class Directories {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #durable: boolean;
  /** which folder it was that was synced: a new one of the same path is not */
  readonly #known = new Map<string, string>();

  constructor({ fs, root, durable }: DirectoriesOptions) {
    this.#fs = fs;
    this.#root = root;
    // Windows cannot open a folder to sync it.
    this.#durable = durable && process.platform !== 'win32';
  }

  async make(path: string): Promise<void> {
    if (path !== this.#root) await this.#fs.mkdir(path, { recursive: true });
  }

  /** Makes the entries of `path` durable, and those above by which it is reached. */
  async sync(path: string): Promise<void> {
    if (!this.#durable) return;
    const reached: [string, string][] = [];
    let id = await this.#syncOne(path);
    for (
      let at = path;
      at !== this.#root && (id === undefined || this.#known.get(at) !== id);
      at = dirname(at)
    ) {
      if (id !== undefined) reached.push([at, id]);
      id = await this.#syncOne(dirname(at));
    }
    if (this.#known.size > KNOWN_MAX) this.#known.clear();
    for (const [folder, known] of reached) this.#known.set(folder, known);
  }

  /** @returns which folder it is; `undefined` when it has been removed, with all that was in it */
  async #syncOne(path: string): Promise<string | undefined> {
    const handle = await unless(this.#fs.open(path, 'r'), 'ENOENT', 'ENOTDIR');
    if (handle === undefined) return undefined;
    try {
      await syncFolder(handle);
      const { ino, birthtimeNs } = await handle.stat({ bigint: true });
      return `${ino}:${birthtimeNs}`;
    } finally {
      await handle.close();
    }
  }

  /** Removes `path` and what is above it as long as it is empty. Resolves to the first that stays. */
  async prune(path: string): Promise<string> {
    let at = path;
    for (; at !== this.#root; at = dirname(at)) {
      try {
        await this.#fs.rmdir(at);
      } catch (error) {
        // Not empty, gone already, or not ours to remove: the object is deleted all the same.
        if (errnoOf(error) !== 'ENOENT') return at;
      }
    }
    return at;
  }

  /**
   * A path without links, spelled as it is stored: some systems find `A` as `a`.
   *
   * @returns `undefined` when nothing is there
   */
  truePath(path: string): Promise<string | undefined> {
    return unless(this.#fs.realpath(path), 'ENOENT', 'ENOTDIR');
  }
}

async function syncFolder(handle: { sync(): Promise<void> }): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot sync a folder.
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  }
}
