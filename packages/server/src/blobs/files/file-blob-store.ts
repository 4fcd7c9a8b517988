/**
 * Blobs as files in hashed directories: `blobs/<location>`, written first under `tmp/`. A location comes from the
 * catalog and is made of a scope's number and a hash: never of anything that a client chose.
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { DiskRoom } from '../../disk-room.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import { ALIGNMENT } from '../ingest/slab-pool.ts';

const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants;
/** Undefined where the system has none: macOS, Windows. */
const O_DIRECT: number | undefined = constants.O_DIRECT;

/**
 * Blobs are written and read through the system's page cache: what was written is mostly read, and what is read once is
 * read again, then without the disk and for a fraction of the time. Past it goes what would take more of it than a
 * sixteenth of the memory that this process may use. Bytes.
 */
const DIRECT_FROM = Math.max(64 * 1024 * 1024, memoryBytes() / 16);

/** So much of a file that is written through the cache goes to the disk at a time, while more comes. Bytes. */
const SYNC_STEP = 16 * 1024 * 1024;

function memoryBytes(): number {
  // 0, or more than there is: nothing constrains it.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** The names of temporary files: what tells processes apart, and a count. */
const TEMPORARY = /^[0-9a-f]{12}-\d+$/;

export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Opens for direct I/O where that is asked for and the file system can (tmpfs, for one, cannot). */
async function openFile(
  path: string,
  flags: number,
  direct: boolean,
): Promise<{ file: FileHandle; direct: boolean }> {
  if (direct && O_DIRECT !== undefined) {
    try {
      return { file: await open(path, flags | O_DIRECT, 0o600), direct: true };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
      // Linux may have created the file before it refused the flag.
      if ((flags & O_CREAT) !== 0) await rm(path, { force: true });
    }
  }
  return { file: await open(path, flags, 0o600), direct: false };
}

export class FileBlobStore implements BlobStore {
  /** `blobs/`, and below it where this store's own begin. */
  readonly #top: string;
  readonly #blobs: string;
  readonly #tmp: string;
  readonly #room: DiskRoom;
  /** Directories whose entries in their parents are known to be durable. */
  readonly #durable = new Map<string, Promise<void>>();
  #counter = 0;
  readonly #prefix = randomBytes(6).toString('hex');

  /**
   * @param root where `blobs/` and `tmp/` are, made by `prepareDirectories`
   * @param area a folder below `blobs/` that is this store's; made when it is needed
   */
  constructor(root: string, area = '') {
    this.#top = join(root, 'blobs');
    this.#blobs = join(this.#top, area);
    this.#tmp = join(root, 'tmp');
    this.#room = new DiskRoom(root);
  }

  async create(size: number): Promise<BlobWriter> {
    if (size > this.#room.left)
      throw Object.assign(new Error(`The disk has no room for ${size} bytes`), { code: 'ENOSPC' });
    const path = join(this.#tmp, `${this.#prefix}-${this.#counter++}`);
    const { file, direct } = await openFile(path, O_WRONLY | O_CREAT | O_EXCL, size >= DIRECT_FROM);
    return new FileBlobWriter(file, { path, direct, size }, async (location) => {
      const target = join(this.#blobs, location);
      const directory = dirname(target);
      await this.#makeDurable(directory);
      await rename(path, target);
      await syncDirectory(directory);
    });
  }

  async open(location: string, length: number): Promise<BlobReader> {
    const { file } = await openFile(join(this.#blobs, location), O_RDONLY, length >= DIRECT_FROM);
    return {
      outlivesBlob: true,
      alignment: ALIGNMENT,
      read: async (into, position) => {
        let done = 0;
        while (done < into.byteLength) {
          const { bytesRead } = await file.read(into, done, into.byteLength - done, position + done);
          done += bytesRead;
          // An odd count is the end of the file, and direct I/O cannot go on from there.
          if (bytesRead === 0 || bytesRead % ALIGNMENT !== 0) break;
        }
        return done;
      },
      close: () => file.close(),
    };
  }

  async delete(location: string): Promise<void> {
    const path = join(this.#blobs, location);
    await rm(path, { force: true });
    // A power cut would bring the file back, and its row may be gone by then.
    await syncDirectory(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  /**
   * Makes a directory and its way up to the root, each synced in its parent. Once a process for every directory, also
   * for those that exist: a crash may have come between making and syncing them.
   */
  #makeDurable(directory: string): Promise<void> {
    if (directory === this.#top) return Promise.resolve();
    const known = this.#durable.get(directory);
    if (known !== undefined) return known;
    const made = (async () => {
      const parent = dirname(directory);
      await this.#makeDurable(parent);
      await mkdir(directory, 0o700).catch((error: NodeJS.ErrnoException) => {
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
  readonly #direct: boolean;
  /** Bytes that will come. */
  readonly #size: number;
  readonly #move: (location: string) => Promise<void>;
  #ended = false;
  #waiting: { bytes: Uint8Array; resolve: () => void; reject: (error: Error) => void }[] = [];
  #writing = false;
  /** Bytes taken, and bytes in the file. */
  #queued = 0;
  #written = 0;
  /** How much had been written when the last step began to be synced, and its end. */
  #stepAt = 0;
  #step: Promise<void> = Promise.resolve();

  constructor(
    file: FileHandle,
    { path, direct, size }: { path: string; direct: boolean; size: number },
    move: (location: string) => Promise<void>,
  ) {
    this.#file = file;
    this.#path = path;
    this.#direct = direct;
    this.#size = size;
    this.#move = move;
  }

  /**
   * One write at a time, of everything that waits: several threads in one file only wait for its lock, at the price of
   * a third of the throughput.
   */
  write(bytes: Uint8Array, position: number): Promise<void> {
    if (position !== this.#queued)
      return Promise.reject(new Error('a blob is written from its beginning to its end'));
    this.#queued += bytes.byteLength;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: this.#direct ? padded(bytes) : bytes, resolve, reject });
      if (!this.#writing) void this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeAll(batch.map(({ bytes }) => bytes));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
      }
    }
    this.#writing = false;
  }

  async #writeAll(buffers: Uint8Array[]): Promise<void> {
    let rest = buffers;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#written);
      this.#written += bytesWritten;
      rest = after(rest, bytesWritten);
    }
    if (!this.#direct) await this.#syncStep();
  }

  /**
   * The disk has its work while the body comes, and not all of it at the end; what is not there yet is bounded by two steps.
   * A failure is told by `sync`, for it means what one there means.
   */
  async #syncStep(): Promise<void> {
    if (this.#written - this.#stepAt < SYNC_STEP || this.#size - this.#written < SYNC_STEP) return;
    const before = this.#step;
    await before.catch(() => undefined);
    this.#stepAt = this.#written;
    this.#step = before.then(() => this.#file.datasync());
    this.#step.catch(() => undefined);
  }

  async sync(): Promise<void> {
    if (this.#written !== this.#queued) await this.#file.truncate(this.#queued);
    await this.#step;
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

/** The last bytes of a blob, filled up with zeros to what direct I/O can write; cut off again before the sync. */
function padded(bytes: Uint8Array): Uint8Array {
  const over = bytes.byteLength % ALIGNMENT;
  if (over === 0) return bytes;
  const whole = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength + ALIGNMENT - over);
  return whole.fill(0, bytes.byteLength);
}

/** What is left of `buffers` after their first `count` bytes. */
function after(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const buffer of buffers) {
    if (skip < buffer.byteLength) rest.push(buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.byteLength);
  }
  return rest;
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

/**
 * Makes the store's directories and removes temporary files that a crash left. Call before any writer exists. What is
 * not named as ours stays: a data directory may by mistake be one that has a `tmp/` already, such as a home, or `/`.
 */
export async function prepareDirectories(root: string): Promise<void> {
  const tmp = join(root, 'tmp');
  await mkdir(join(root, 'blobs'), { recursive: true, mode: 0o700 });
  await mkdir(tmp, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(tmp, { withFileTypes: true })) {
    if (entry.isFile() && isTemporaryName(entry.name)) await rm(join(tmp, entry.name), { force: true });
  }
  await syncDirectory(root);
}
