/**
 * Blobs as files in hashed directories: `blobs/<location>`, written first under `tmp/`. A location comes from the
 * catalog and is made of a scope's number and a hash: never of anything that a client chose.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';

export class FileBlobStore implements BlobStore {
  readonly #blobs: string;
  readonly #tmp: string;
  /** Directories whose entries in their parents are known to be durable. */
  readonly #durable = new Map<string, Promise<void>>();
  #counter = 0;
  readonly #prefix = randomBytes(6).toString('hex');

  /** @param root the data directory; `blobs/` and `tmp/` are made by `prepareDirectories`. */
  constructor(root: string) {
    this.#blobs = join(root, 'blobs');
    this.#tmp = join(root, 'tmp');
  }

  async create(): Promise<BlobWriter> {
    const path = join(this.#tmp, `${this.#prefix}-${this.#counter++}`);
    const file = await open(path, 'wx', 0o600);
    return new FileBlobWriter(file, path, async (location) => {
      const target = join(this.#blobs, location);
      const directory = dirname(target);
      await this.#makeDurable(directory);
      await rename(path, target);
      await syncDirectory(directory);
    });
  }

  async open(location: string): Promise<BlobReader> {
    const file = await open(join(this.#blobs, location), 'r');
    return {
      read: async (into, position) => {
        let done = 0;
        while (done < into.byteLength) {
          const { bytesRead } = await file.read(into, done, into.byteLength - done, position + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return done;
      },
      close: () => file.close(),
    };
  }

  async delete(location: string): Promise<void> {
    await rm(join(this.#blobs, location), { force: true });
  }

  /**
   * Makes a directory and its way up to the root, each synced in its parent. Once a process for every directory, also
   * for those that exist: a crash may have come between making and syncing them.
   */
  #makeDurable(directory: string): Promise<void> {
    if (directory === this.#blobs) return Promise.resolve();
    const known = this.#durable.get(directory);
    if (known !== undefined) return known;
    const made = (async () => {
      const parent = dirname(directory);
      await this.#makeDurable(parent);
      await mkdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      await syncDirectory(parent);
    })();
    this.#durable.set(directory, made);
    // A failure is not remembered: the next writer tries again.
    made.catch(() => this.#durable.delete(directory));
    return made;
  }
}

class FileBlobWriter implements BlobWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #move: (location: string) => Promise<void>;
  #ended = false;

  constructor(file: FileHandle, path: string, move: (location: string) => Promise<void>) {
    this.#file = file;
    this.#path = path;
    this.#move = move;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, position + done);
      done += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async place(location: string): Promise<void> {
    await this.#file.close();
    await this.#move(location);
    this.#ended = true;
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    // Closing twice rejects; the file has to go in any case.
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

/** A rename or a new file is durable only once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes the store's directories and removes temporary files that a crash left. Call before any writer exists. */
export async function prepareDirectories(root: string): Promise<void> {
  const tmp = join(root, 'tmp');
  await mkdir(join(root, 'blobs'), { recursive: true });
  await mkdir(tmp, { recursive: true });
  for (const name of await readdir(tmp)) await rm(join(tmp, name), { recursive: true, force: true });
  await syncDirectory(root);
}
