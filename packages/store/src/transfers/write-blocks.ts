/** Chunks of the network into a file, without a copy in between: gathered to a block, or to a megabyte, and written at once. */

import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '@cistern/protocol';
import { StoreError } from '../errors.ts';
import type { Blocks, Run } from './blocks.ts';

/** Bytes that are written at once, at least. */
const WRITE_BYTES = 1024 * 1024;

/**
 * @param chunks the bytes of `run`, which begins with a block
 * @param onWritten called after each write, with its bytes
 */
export async function writeBlocks(
  file: FileHandle,
  blocks: Blocks,
  run: Run,
  chunks: AsyncIterable<Uint8Array>,
  onWritten: (bytes: number) => Promise<void>,
): Promise<void> {
  let block = run.start;
  let sum = 0;
  let position = run.start;
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await writeAll(file, waiting, bytes, position);
    position += bytes;
    const written = bytes;
    waiting = [];
    bytes = 0;
    if (position === blocks.endOf(block)) {
      blocks.set(block, sum);
      block = position;
      sum = 0;
    }
    await onWritten(written);
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

async function writeAll(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  bytes: number,
  position: number,
): Promise<void> {
  const { bytesWritten } = await file.writev(pieces, position);
  if (bytesWritten === bytes) return;
  // A disk that is nearly full takes a part, and says why it takes no more the next time.
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let written = 0; written < rest.byteLength;) {
    const next = await file.write(
      rest,
      written,
      rest.byteLength - written,
      position + bytesWritten + written,
    );
    written += next.bytesWritten;
  }
}
