/**
 * The bytes of an entry. Stored ones are read from where the range begins; deflated ones from the beginning, since nothing in
 * them can be sought. No more is ever unpacked than the entry claims, and what is read whole is checked.
 */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, createInflateRaw, inflateRaw } from 'node:zlib';
import type { Span } from '../../byte-range.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { FLAG, METHOD } from './format.ts';
import type { PackedData } from './packed-data.ts';

/** Up to this an entry is unpacked in one call. */
const SMALL_BYTES = 256 * 1024;
const CHUNK_BYTES = 128 * 1024;

const inflateAll = promisify(inflateRaw);

export interface Packed {
  readonly key: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  readonly packedSize: number;
  readonly data: PackedData;
}

/** @throws {StoreError} `Unsupported` for what is encrypted, or packed in a way other than deflate */
export function checkReadable({ key, method, flags }: Packed, operation: StoreOperation): void {
  if ((flags & (FLAG.encrypted | FLAG.strong)) !== 0) {
    throw new StoreError(
      'Unsupported',
      `${key} is encrypted in its archive: decrypt it with the tool that made it`,
      {
        operation,
        key,
      },
    );
  }
  if (method === METHOD.stored || method === METHOD.deflated) return;
  throw new StoreError(
    'Unsupported',
    `${key} is packed by method ${method}: only 0 (none) and 8 (deflate) are known`,
    {
      operation,
      key,
    },
  );
}

export async function* unpack(entry: Packed, range: Span, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (range.end <= range.start) {
    if (entry.size > 0) return;
    yield* checked(entry, contentOf(entry, range, signal));
    return;
  }
  const isWhole = range.start === 0 && range.end === entry.size;
  const content = contentOf(entry, range, signal);
  for await (const chunk of isWhole ? checked(entry, content) : content) {
    throwIfAborted(signal, 'get', entry.key);
    yield chunk;
  }
}

function contentOf(entry: Packed, range: Span, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  if (entry.method === METHOD.stored) return stored(entry, range, signal);
  const isSmall = entry.size <= SMALL_BYTES && entry.packedSize <= SMALL_BYTES;
  return cut(isSmall ? inflateSmall(entry, signal) : inflate(entry, signal), range);
}

async function* stored(entry: Packed, range: Span, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (entry.size <= SMALL_BYTES && range.end - range.start > entry.size / 2) {
    yield (await entry.data.whole(signal)).subarray(range.start, range.end);
    return;
  }
  let seen = range.start;
  for await (const chunk of entry.data.stream(range.start, range.end, signal)) {
    seen += chunk.byteLength;
    yield chunk;
  }
  if (seen !== range.end) throw damaged(entry, 'it ends too early');
}

async function* inflateSmall(entry: Packed, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const packed = await entry.data.whole(signal);
  let bytes: Uint8Array;
  try {
    bytes = await inflateAll(packed, { maxOutputLength: entry.size + 1 });
  } catch (error) {
    throw damaged(entry, 'it cannot be unpacked, or to more than it claims', error);
  }
  if (bytes.byteLength !== entry.size) throw wrongSize(entry, bytes.byteLength);
  if (bytes.byteLength > 0) yield bytes;
}

async function* inflate(entry: Packed, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const unpacker = createInflateRaw({ chunkSize: CHUNK_BYTES });
  const packed = Readable.from(entry.data.stream(0, entry.packedSize, signal), { objectMode: true });
  let failure: unknown;
  const fed = pipeline(packed, unpacker).catch((error: unknown) => (failure ??= error));
  let seen = 0;
  try {
    for await (const chunk of unpacker as AsyncIterable<Uint8Array>) {
      seen += chunk.byteLength;
      if (seen > entry.size) throw wrongSize(entry, seen);
      yield chunk;
    }
    if (seen !== entry.size) throw wrongSize(entry, seen);
  } catch (error) {
    const cause = failure ?? error;
    throw isStoreError(cause) ? cause : damaged(entry, 'it cannot be unpacked', cause);
  } finally {
    unpacker.destroy();
    packed.destroy();
    await fed;
  }
}

/** Drops what is before the range, and stops at its end. */
async function* cut(chunks: AsyncIterable<Uint8Array>, { start, end }: Span): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    const from = Math.max(0, start - position);
    const to = Math.min(chunk.byteLength, end - position);
    position += chunk.byteLength;
    if (from < to) yield from === 0 && to === chunk.byteLength ? chunk : chunk.subarray(from, to);
    // One that is read to its end goes on, to see that it ends there.
    if (position > end) return;
  }
}

async function* checked(entry: Packed, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let crc = 0;
  for await (const chunk of chunks) {
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (crc !== entry.crc) throw damaged(entry, 'its checksum is wrong');
}

function wrongSize(entry: Packed, seen: number): StoreError {
  return damaged(entry, `it claims ${entry.size} bytes, and ${seen} or more are in it`);
}

function damaged({ key }: Packed, what: string, cause?: unknown): StoreError {
  return new StoreError('Corrupt', `${key} in its archive is damaged or hostile: ${what}`, {
    operation: 'get',
    key,
    cause,
  });
}
