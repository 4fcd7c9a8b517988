/**
 * What callers give as a body, and the one form in which stores take it. Nothing is read before a store asks for it, and
 * nothing is copied: bytes in memory stay the caller's until the put has settled.
 */

import { StoreError } from './errors.ts';

/** Whatever has bytes. Text is UTF-8. A `Buffer` is an `ArrayBufferView`, Node's `Readable` an async iterable. */
export type Body =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Source;

const SOURCE = Symbol.for('cistern.Source');

/** A body as stores take it. Layers pass it on, or one of their own that wraps it. */
export interface Source {
  readonly [SOURCE]: true;
  /** bytes in all, where that is known before they are read */
  readonly size: number | undefined;
  /** the whole body, where it is in memory already */
  readonly bytes: Uint8Array | undefined;
  /** can be opened again and again, also at the same time, and by range: what retries and parallel parts need */
  readonly replayable: boolean;
  /**
   * The bytes, in chunks of any size but 0. A source that is not replayable can be opened once, and without a range.
   * Leaving the iteration early lets go of what stands behind it.
   *
   * @param range half open, within the size
   */
  open(range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
}

const encoder = new TextEncoder();

/** @returns `body` as a source; a source is returned as it is. */
export function toSource(body: Body): Source {
  if (typeof body === 'string') return bytesSource(encoder.encode(body));
  if (body instanceof Uint8Array) return bytesSource(body);
  if (typeof body === 'object' && body !== null) {
    if (SOURCE in body) return body;
    if (ArrayBuffer.isView(body)) {
      return bytesSource(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
    }
    if (body instanceof ArrayBuffer) return bytesSource(new Uint8Array(body));
    if (body instanceof Blob) return blobSource(body);
    if (Symbol.asyncIterator in body) return streamSource(body);
    // A ReadableStream of a browser that cannot be iterated yet.
    if ('getReader' in body) return streamSource(iterateReader(body as ReadableStream<Uint8Array>));
  }
  throw new StoreError(
    'InvalidArgument',
    `A body is a string, a Uint8Array or other memory, a Blob, a ReadableStream or an async iterable of bytes, not ${describe(body)}`,
  );
}

/** A source of bytes in memory. */
export function bytesSource(bytes: Uint8Array): Source {
  return {
    [SOURCE]: true,
    size: bytes.byteLength,
    bytes,
    replayable: true,
    open: (range) => oneChunk(range === undefined ? bytes : bytes.subarray(range.start, range.end)),
  };
}

/** A source that can be opened again: what a file or a generator function is. */
export function replayableSource(
  size: number,
  open: (range: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>,
): Source {
  return {
    [SOURCE]: true,
    size,
    bytes: undefined,
    replayable: true,
    open: (range) => open(range ?? { start: 0, end: size }),
  };
}

/** A source that can be read once. */
export function streamSource(chunks: AsyncIterable<Uint8Array | string>, size?: number): Source {
  let opened = false;
  return {
    [SOURCE]: true,
    size,
    bytes: undefined,
    replayable: false,
    open: (range) => {
      if (opened || range !== undefined) {
        throw new StoreError(
          'InvalidArgument',
          'This body is a stream: it can be read once, from its beginning',
        );
      }
      opened = true;
      return toChunks(chunks);
    },
  };
}

/**
 * The whole body in memory, in one piece.
 *
 * @throws {StoreError} `TooLarge` as soon as more than `bytesMax` have come
 */
export async function readAll(source: Source, bytesMax = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> {
  if (source.bytes !== undefined) {
    if (source.bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    return source.bytes;
  }
  return collect(source.open(), bytesMax);
}

/** All chunks in one piece; a single chunk is returned as it is. */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax = Number.MAX_SAFE_INTEGER,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.byteLength;
    if (size > bytesMax) throw tooLarge(bytesMax);
  }
  return concat(parts, size);
}

/** Chunks in one piece. */
export function concat(parts: readonly Uint8Array[], size?: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(size ?? parts.reduce((sum, part) => sum + part.byteLength, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.byteLength;
  }
  return whole;
}

/**
 * The source's chunks, which reject as soon as they are more than its size or than `size`, and when they end before it.
 *
 * @param size bytes that the caller has announced
 */
export async function* openExact(source: Source, size = source.size): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source.open()) {
    seen += chunk.byteLength;
    if (size !== undefined && seen > size) throw wrongSize(size, 'more');
    yield chunk;
  }
  if (size !== undefined && seen < size) throw wrongSize(size, `${seen}`);
}

/**
 * The number of bytes that the body will have, if it or the caller says so.
 *
 * @throws {StoreError} `InvalidArgument` when both do, and differ
 */
export function announcedSize(source: Source, size: number | undefined): number | undefined {
  if (size !== undefined && source.size !== undefined && size !== source.size) {
    throw wrongSize(size, `${source.size}`);
  }
  return size ?? source.size;
}

function wrongSize(size: number, seen: string): StoreError {
  return new StoreError('InvalidArgument', `The body was said to have ${size} bytes, and has ${seen}`);
}

function tooLarge(bytesMax: number): StoreError {
  return new StoreError('TooLarge', `The body has more than ${bytesMax} bytes`);
}

function blobSource(blob: Blob): Source {
  return replayableSource(blob.size, ({ start, end }) =>
    toChunks(iterateReader(blob.slice(start, end).stream())),
  );
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

async function* toChunks(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (!(bytes instanceof Uint8Array)) {
      throw new StoreError('InvalidArgument', `A body's chunks are bytes or text, not ${describe(chunk)}`);
    }
    if (bytes.byteLength > 0) yield bytes;
  }
}

async function* iterateReader(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
    reader.releaseLock();
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const { constructor } = value;
  return typeof constructor === 'function' && constructor !== Object ? `a ${constructor.name}` : 'an object';
}
