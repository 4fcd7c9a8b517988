/** Chunks of the network into a file, without a copy in between: gathered to a block, or to a megabyte, and written at once. */

import { writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '@cistern/protocol/client';
import { StoreError } from '../errors.ts';
import type { Blocks, Run } from './blocks.ts';

/** Bytes that are written at once, at least. */
const WRITE_BYTES = 256 * 1024;

/** A write that takes longer has waited for the disk, or for the processor. Milliseconds. */
const SLOW_MS = 10;
/** Writes in a row that have to be fast to make up for a slow one, and slow ones that are too many. */
const FAST_FOR_SLOW = 16;
const SLOW_MAX = 4;

/**
 * A file that several ranges are written to, one write after the other: those that wait for their turn in the system spin. While
 * the system takes the bytes at once it is called in the thread itself, while they are still in the processor's cache, which takes a third of
 * the time that a pool of threads takes; once it makes us wait, the pool does.
 */
export class BlockFile {
  readonly #handle: FileHandle;
  #last: Promise<unknown> = Promise.resolve();
  #slowness = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** All of `pieces`, which have so many bytes together. */
  async write(pieces: readonly Uint8Array[], bytes: number, position: number): Promise<void> {
    if (this.#slowness > SLOW_MAX * FAST_FOR_SLOW) {
      const done = this.#last.then(async () => {
        const { bytesWritten } = await this.#handle.writev(pieces, position);
        if (bytesWritten < bytes) await writeRest(this.#handle, pieces, bytesWritten, position);
      });
      this.#last = done.catch(() => undefined);
      return done;
    }
    const begun = performance.now();
    const written = writevSync(this.#handle.fd, pieces, position);
    const isSlow = performance.now() - begun > SLOW_MS;
    this.#slowness = isSlow ? this.#slowness + FAST_FOR_SLOW : Math.max(0, this.#slowness - 1);
    if (written < bytes) await writeRest(this.#handle, pieces, written, position);
  }
}

/**
 * @param chunks the bytes of `run`, which begins with a block
 * @param onWritten called after each write, with its bytes, and whether they have made a block whole
 */
export async function writeBlocks(
  file: BlockFile,
  blocks: Blocks,
  run: Run,
  chunks: AsyncIterable<Uint8Array>,
  onWritten: (bytes: number, isBlock: boolean) => Promise<void>,
): Promise<void> {
  let block = run.start;
  let sum = 0;
  let position = run.start;
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await file.write(waiting, bytes, position);
    position += bytes;
    const written = bytes;
    waiting = [];
    bytes = 0;
    const isBlock = position === blocks.endOf(block);
    if (isBlock) {
      blocks.set(block, sum);
      block = position;
      sum = 0;
    }
    await onWritten(written, isBlock);
  };
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.byteLength;) {
      const room = blocks.endOf(block) - position - bytes;
      const piece = from === 0 && chunk.byteLength <= room ? chunk : chunk.subarray(from, from + room);
      sum = crc32(piece, sum);
      waiting.push(piece);
      bytes += piece.byteLength;
      from += piece.byteLength;
      if (bytes >= WRITE_BYTES || piece.byteLength === room) await flush();
    }
  }
  if (bytes > 0) await flush();
  if (position === run.end) return;
  throw new StoreError('Unexpected', 'The source gave fewer or more bytes than were asked for', {
    operation: 'get',
  });
}

/** A disk that is nearly full takes a part, and says why it takes no more the next time. */
async function writeRest(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  written: number,
  position: number,
): Promise<void> {
  const whole = Buffer.concat(pieces);
  for (let at = written; at < whole.byteLength;) {
    const { bytesWritten } = await file.write(whole, at, whole.byteLength - at, position + at);
    at += bytesWritten;
  }
}
