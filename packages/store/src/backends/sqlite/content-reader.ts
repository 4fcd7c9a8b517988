/**
 * Reads the chunks of a content. Contents never change: a chunk that is not there was removed with all of its content, since
 * it was replaced and its grace is over.
 */

import { StoreError, throwIfAborted } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { CommitQueue } from './commit-queue.ts';
import { fromSqlite } from './sqlite-errors.ts';
import type { Geometry, Statements } from './statements.ts';
import type { Sweeper } from './sweeper.ts';

/** Chunks that are read before others get a turn. */
const CHUNKS_A_TURN = 8;

export interface ReadContext {
  readonly sql: Statements;
  readonly queue: CommitQueue;
  readonly sweeper: Sweeper;
  readonly path: string;
  readonly graceMs: number;
  /** @throws {StoreError} `Closed` */
  readonly checkOpen: (operation: StoreOperation) => void;
}

export interface Reader {
  readonly operation: StoreOperation;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes `start` to `end - 1`, a chunk at a time. Holds the content from the first one on. */
export async function* readContent(
  context: ReadContext,
  content: Geometry,
  start: number,
  end: number,
  reader: Reader,
): AsyncGenerator<Uint8Array> {
  const { sweeper, graceMs } = context;
  sweeper.hold(content.content);
  let kept = performance.now();
  try {
    for (let position = start, turn = 1; position < end; turn++) {
      context.checkOpen(reader.operation);
      throwIfAborted(reader.signal, reader.operation, reader.key);
      const bytes = readChunk(context, content, position, end, reader);
      position += bytes.byteLength;
      yield bytes;
      if (turn % CHUNKS_A_TURN === 0) await new Promise(setImmediate);
      if (performance.now() - kept < graceMs / 2) continue;
      await keep(context, content.content, reader);
      kept = performance.now();
    }
  } finally {
    sweeper.release(content.content);
  }
}

/** What one row has of the bytes from `start` on, up to `end`. */
export function readChunk(
  { sql, path }: Pick<ReadContext, 'sql' | 'path'>,
  { content, part_bytes, chunk_bytes }: Geometry,
  start: number,
  end: number,
  { operation, key }: Reader,
): Uint8Array {
  const part = Math.floor(start / part_bytes);
  const inPart = start - part * part_bytes;
  const chunk = Math.floor(inPart / chunk_bytes);
  const offset = inPart - chunk * chunk_bytes;
  const length = Math.min(chunk_bytes - offset, part_bytes - inPart, end - start);
  let row: { bytes: Uint8Array } | undefined;
  try {
    row = sql.chunk(content, part * chunksOf(part_bytes, chunk_bytes) + chunk);
  } catch (error) {
    throw fromSqlite(error, path, operation, key);
  }
  if (row === undefined) {
    throw new StoreError('Conflict', `${key} was replaced while it was read, longer ago than is kept`, {
      operation,
      key,
    });
  }
  if (row.bytes.byteLength < offset + length) {
    throw new StoreError('Corrupt', `${key}: a chunk of it in ${path} is too short`, { operation, key });
  }
  if (offset === 0 && length === row.bytes.byteLength) return row.bytes;
  return row.bytes.subarray(offset, offset + length);
}

/** Rows that a whole part takes. */
export function chunksOf(partBytes: number, chunkBytes: number): number {
  return Math.ceil(partBytes / chunkBytes);
}

/** Has other processes keep a content that is on its way out as long again. */
async function keep({ sql, queue, graceMs }: ReadContext, content: number, reader: Reader): Promise<void> {
  if (typeof sql.expiry(content)?.expires_ms !== 'number') return;
  await queue.add({ ...reader, sync: false }, () => sql.keepUntil(Date.now() + graceMs, content));
}
