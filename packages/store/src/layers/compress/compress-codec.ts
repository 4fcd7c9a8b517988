/** The codec of `compress`: which requests a read takes. */

import { bytesSource, collect, openExact, streamSource } from '../../body.ts';
import type { Source } from '../../body.ts';
import type { Span } from '../../byte-range.ts';
import { isStoreError } from '../../errors.ts';
import type { GetOptions, ListEntry, ObjectInfo, ObjectRead, ObjectStore } from '../../object-store.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { corrupt } from '../codec/codec.ts';
import type { Codec, Encoded, Opened } from '../codec/codec.ts';
import { ahead } from './ahead.ts';
import { FOOTER_BYTES, Index, readFooter } from './format.ts';
import type { Footer } from './format.ts';
import { readFrame } from './frames.ts';
import { DEPTH, writeFrames } from './write-frames.ts';
import type { FrameOptions } from './write-frames.ts';

/** Compressed at once, so that the store gets them in one piece and can send them again. */
const SMALL_BYTES = 1024 * 1024;
/** What is read of the end at first: the index of 500 MB in frames of 256 KiB, and all of most small objects. */
const TAIL_BYTES = 16 * 1024;
/** Objects of a listing whose sizes are looked up at once. */
const LOOKUPS = 16;

export interface CompressCodecOptions extends FrameOptions {
  readonly listedSizes: 'logical' | 'stored';
}

export class CompressCodec implements Codec {
  readonly #options: CompressCodecOptions;

  constructor(options: CompressCodecOptions) {
    this.#options = options;
  }

  objectBytesMax(storedBytesMax: number): number {
    // Bytes that do not shrink grow a little: 20 bytes a frame, and 3 in 128 KiB.
    return Math.max(0, Math.floor((storedBytesMax - 1024) * 0.99));
  }

  async encode(source: Source, size: number | undefined): Promise<Encoded> {
    let seen = 0;
    const chunks = writeFrames(openExact(source, size), this.#options, (all) => {
      seen = all;
    });
    const small = source.bytes !== undefined && source.bytes.byteLength <= SMALL_BYTES;
    return { source: small ? bytesSource(await collect(chunks)) : streamSource(chunks), size: () => seen };
  }

  async open(store: ObjectStore, key: string, options: GetOptions): Promise<Opened> {
    const tail = await readTail(store, key, options, TAIL_BYTES);
    const footer = readFooter(tail.bytes, tail.info.size, key);
    const { version, signal } = options;
    const get = async (range: Span): Promise<ObjectRead> =>
      store.get(key, { range, ifMatch: tail.info.etag, version, signal });
    let indexBytes = tail.bytes.subarray(Math.max(0, footer.dataEnd - tail.start));
    if (footer.dataEnd < tail.start) {
      const read = await get({ start: footer.dataEnd, end: tail.info.size });
      indexBytes = await collect(read.body, tail.info.size - footer.dataEnd);
    }
    return new OpenedFrames(key, tail, new Index(footer, indexBytes, key), get);
  }

  async head(store: ObjectStore, key: string, options: GetOptions): Promise<ObjectInfo> {
    const { info, bytes } = await readTail(store, key, options, FOOTER_BYTES);
    return { ...info, size: readFooter(bytes, info.size, key).size };
  }

  sizeOf(): undefined {
    return undefined;
  }

  list(
    store: ObjectStore,
    entries: AsyncIterable<ListEntry>,
    signal?: AbortSignal,
  ): AsyncIterable<ListEntry> {
    return this.#options.listedSizes === 'stored' ? entries : this.#listLogical(store, entries, signal);
  }

  async *#listLogical(
    store: ObjectStore,
    entries: AsyncIterable<ListEntry>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListEntry> {
    async function* jobs(): AsyncGenerator<() => Promise<ListEntry | undefined>> {
      for await (const entry of entries) {
        yield () => withLogicalSize(store, entry, signal);
      }
    }
    for await (const entry of ahead(jobs(), LOOKUPS)) if (entry !== undefined) yield entry;
  }
}

async function withLogicalSize(
  store: ObjectStore,
  entry: ListEntry,
  signal: AbortSignal | undefined,
): Promise<ListEntry | undefined> {
  if (entry.type === 'prefix') return entry;
  try {
    const { info, bytes } = await readTail(store, entry.key, { signal }, FOOTER_BYTES);
    const { size } = readFooter(bytes, info.size, entry.key);
    // It may have changed since it was listed: all of the entry is of one state.
    const { key, etag, lastModified, version } = info;
    return { ...entry, key, size, etag: entry.etag === undefined ? undefined : etag, lastModified, version };
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    // An object of somebody else must not hide all the others: reading it says what it is.
    if (isStoreError(error, 'Corrupt') || isStoreError(error, 'Unsupported')) return { ...entry, size: 0 };
    throw error;
  }
}

interface Tail {
  /** of the stored object */
  readonly info: ObjectInfo;
  /** where `bytes` begin in it */
  readonly start: number;
  readonly bytes: Uint8Array;
}

async function readTail(store: ObjectStore, key: string, options: GetOptions, suffix: number): Promise<Tail> {
  const read = await store.get(key, { ...options, head: undefined, range: { suffix } });
  const bytes = await collect(read.body, suffix);
  return { info: read.info, start: read.info.size - bytes.byteLength, bytes };
}

class OpenedFrames implements Opened {
  readonly info: ObjectInfo;
  readonly #key: string;
  readonly #tail: Tail;
  readonly #index: Index;
  readonly #get: (range: Span) => Promise<ObjectRead>;
  #read: ObjectRead | undefined;

  constructor(key: string, tail: Tail, index: Index, get: (range: Span) => Promise<ObjectRead>) {
    this.info = { ...tail.info, size: index.footer.size };
    this.#key = key;
    this.#tail = tail;
    this.#index = index;
    this.#get = get;
  }

  async read(span: Span): Promise<AsyncIterable<Uint8Array>> {
    const { frameBytes }: Footer = this.#index.footer;
    if (span.start === span.end) return nothing();
    const first = Math.floor(span.start / frameBytes);
    const last = Math.ceil(span.end / frameBytes);
    const stored = { start: this.#index.position(first), end: this.#index.position(last) };
    const tail = this.#tail;
    if (stored.start >= tail.start) {
      const chunk = tail.bytes.subarray(stored.start - tail.start, stored.end - tail.start);
      return this.#decode(bytesSource(chunk).open(), span);
    }
    await this.close();
    this.#read = await this.#get(stored);
    return this.#decode(this.#read.body, span);
  }

  async close(): Promise<void> {
    await this.#read?.close();
  }

  async *#decode(stored: AsyncIterable<Uint8Array>, span: Span): AsyncGenerator<Uint8Array> {
    const index = this.#index;
    const key = this.#key;
    const { frameBytes } = index.footer;
    const reader = new ByteReader(stored);
    async function* jobs(): AsyncGenerator<() => Promise<Uint8Array>> {
      for (let frame = Math.floor(span.start / frameBytes); frame * frameBytes < span.end; frame++) {
        const entry = index.at(frame);
        const bytes = await reader.read(entry.stored);
        if (bytes.byteLength < entry.stored) throw corrupt(key, `it ends in its frame ${frame}`);
        yield () => readFrame(bytes, entry, index.length(frame), key);
      }
    }
    let start = Math.floor(span.start / frameBytes) * frameBytes;
    try {
      for await (const bytes of ahead(jobs(), DEPTH)) {
        yield bytes.subarray(Math.max(0, span.start - start), span.end - start);
        start += frameBytes;
      }
    } finally {
      await reader.close();
    }
  }
}

function nothing(): AsyncIterable<Uint8Array> {
  return bytesSource(new Uint8Array(0)).open();
}
