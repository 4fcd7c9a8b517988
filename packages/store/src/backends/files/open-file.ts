/** A file that is open for reading as an object: what is written to its place later does not show. */

import type { FileHandle } from 'node:fs/promises';
import type { Span } from '../../byte-range.ts';
import { StoreError, throwIfAborted } from '../../errors.ts';
import type { ObjectInfo, ReadTarget } from '../../object-store.ts';
import { stateOf } from './file-state.ts';
import type { FileState } from './file-state.ts';
import { unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { closeWithOwner } from './lost-handles.ts';
import { mapped } from './system-errors.ts';

const CHUNK_BYTES = 512 * 1024;
/** Larger targets are read in pieces of this size, several at once. */
const PIECE_BYTES = 8 * 1024 * 1024;
const CONCURRENCY = 4;

export class OpenFile {
  readonly info: ObjectInfo;
  readonly state: FileState;
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #start: number;

  /** @param start where in the file the object begins */
  constructor(options: {
    handle: FileHandle;
    path: string;
    info: ObjectInfo;
    state: FileState;
    start: number;
  }) {
    this.info = options.info;
    this.path = options.path;
    this.state = options.state;
    this.#handle = options.handle;
    closeWithOwner(this, options.handle);
    this.#start = options.start;
  }

  /** The bytes of a range; closes the file at its end, or when it is left. */
  async *chunks({ start, end }: Span, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for (let position = start; position < end;) {
        throwIfAborted(signal, 'get', this.info.key);
        // Memory of its own, which the reader may keep, and not filled with zeros first.
        const chunk = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position)).buffer);
        await this.#fill(position, chunk);
        position += chunk.byteLength;
        if (position >= end) await this.#verify();
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  /** Reads straight into the targets' memory. */
  async readInto(
    targets: readonly ReadTarget[],
    {
      concurrency = CONCURRENCY,
      signal,
    }: { concurrency?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<void> {
    const pieces = eachPiece(targets);
    const work = async (): Promise<void> => {
      for (const { start, into } of pieces) {
        throwIfAborted(signal, 'readInto', this.info.key);
        await this.#fill(start, into);
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: Math.max(1, concurrency) }, work));
    for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
    await this.#verify();
  }

  /** Whether the place still has this very state. */
  async isStillAt(fs: FileSystem): Promise<boolean> {
    const stats = await unless(fs.lstat(this.path, { bigint: true }), 'ENOENT', 'ENOTDIR');
    return stats !== undefined && stateOf(stats).etag === this.state.etag;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#handle.close();
  }

  async #fill(position: number, into: Uint8Array): Promise<void> {
    await mapped('get', this.info.key, async () => {
      for (let filled = 0; filled < into.byteLength;) {
        const { bytesRead } = await this.#handle.read(
          into,
          filled,
          into.byteLength - filled,
          this.#start + position + filled,
        );
        if (bytesRead === 0) throw this.#changed();
        filled += bytesRead;
      }
    });
  }

  /** Ours are never changed in place; another program's may be while they are read. */
  async #verify(): Promise<void> {
    const stats = await mapped('get', this.info.key, () => this.#handle.stat({ bigint: true }));
    const { etag } = stateOf(stats);
    if (etag !== this.state.etag) throw this.#changed();
  }

  #changed(): StoreError {
    const { key } = this.info;
    return new StoreError('Conflict', `${key} was changed in place while it was read: read it again`, {
      operation: 'get',
      key,
    });
  }
}

function* eachPiece(targets: readonly ReadTarget[]): Generator<ReadTarget> {
  for (const { start, into } of targets) {
    for (let at = 0; at < into.byteLength; at += PIECE_BYTES) {
      yield { start: start + at, into: into.subarray(at, at + PIECE_BYTES) };
    }
  }
}
