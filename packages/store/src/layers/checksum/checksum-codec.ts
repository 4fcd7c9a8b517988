/** The codec of `checksum`: which requests a read takes. Sizes follow from stored ones, so that no read needs another before. */

import { bytesSource, openExact, replayableSource, streamSource } from '../../body.ts';
import type { Source } from '../../body.ts';
import type { Span } from '../../byte-range.ts';
import { isStoreError } from '../../errors.ts';
import type {
  ByteRange,
  GetOptions,
  ListEntry,
  ObjectInfo,
  ObjectRead,
  ObjectStore,
} from '../../object-store.ts';
import { corrupt } from '../codec/codec.ts';
import type { Codec, Encoded, Opened } from '../codec/codec.ts';
import {
  BLOCK_BYTES,
  logicalSize,
  logicalStart,
  seal,
  sealKnown,
  sealUnknown,
  storedSize,
  storedSpan,
  SUM_BYTES,
  verify,
} from './format.ts';

/** Sealed at once, so that the store gets them in one piece. */
const SMALL_BYTES = 1024 * 1024;

export class ChecksumCodec implements Codec {
  objectBytesMax(storedBytesMax: number): number {
    // Fewer than fit, by less than a block: simple, and never more.
    return Math.max(0, Math.floor(storedBytesMax / (BLOCK_BYTES + SUM_BYTES)) * BLOCK_BYTES);
  }

  async encode(source: Source, size: number | undefined): Promise<Encoded> {
    if (source.bytes !== undefined && source.bytes.byteLength <= SMALL_BYTES) {
      const { byteLength } = source.bytes;
      return { source: bytesSource(await seal(source.bytes)), size: () => byteLength };
    }
    if (source.replayable && source.size !== undefined) {
      const whole = source.size;
      const stored = storedSize(whole);
      return {
        source: replayableSource(stored, (range) => sealSpan(source, whole, range)),
        size: () => whole,
      };
    }
    let seen = 0;
    const chunks = sealUnknown(openExact(source, size), (all) => {
      seen = all;
    });
    return {
      source: streamSource(chunks, size === undefined ? undefined : storedSize(size)),
      size: () => seen,
    };
  }

  async open(store: ObjectStore, key: string, options: GetOptions): Promise<Opened> {
    const stored = storedRange(options.range);
    if (stored === 'by size') {
      return new OpenedBlocks(store, key, options, await this.head(store, key, options), undefined);
    }
    const first = await store.get(key, { ...options, range: stored }).catch((error: unknown) => {
      // Even an empty object has a checksum.
      if (stored?.start === 0 && isStoreError(error, 'InvalidRange'))
        throw corrupt(key, 'it is empty', error);
      throw error;
    });
    try {
      return new OpenedBlocks(store, key, options, this.#logical(first.info), first);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  async head(store: ObjectStore, key: string, options: GetOptions): Promise<ObjectInfo> {
    const { info } = await store.get(key, { ...options, range: undefined, head: true });
    return this.#logical(info);
  }

  sizeOf({ key, size }: ObjectInfo): number {
    const logical = logicalSize(size);
    if (logical === undefined) throw corrupt(key, `no object with checksums has ${size} bytes`);
    return logical;
  }

  async *list(_store: ObjectStore, entries: AsyncIterable<ListEntry>): AsyncGenerator<ListEntry> {
    for await (const entry of entries) {
      // An object of somebody else must not hide all the others: reading it says what it is.
      yield entry.type === 'object' ? { ...entry, size: logicalSize(entry.size) ?? 0 } : entry;
    }
  }

  #logical(info: ObjectInfo): ObjectInfo {
    return { ...info, size: this.sizeOf(info) };
  }
}

/** The blocks that hold a range: all without one; `by size` where they are known when the size is. */
function storedRange(range: ByteRange | undefined): { start: number; end?: number } | undefined | 'by size' {
  if (range === undefined) return undefined;
  if (!('start' in range)) return 'by size';
  const { start, end } = range;
  if (end === undefined) return { start: storedSpan({ start, end: start }).start };
  return end > start ? storedSpan({ start, end }) : 'by size';
}

class OpenedBlocks implements Opened {
  readonly info: ObjectInfo;
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #options: GetOptions;
  #read: ObjectRead | undefined;
  #isUsed = false;

  /** @param first a read of whole blocks, that may be the one that is wanted */
  constructor(
    store: ObjectStore,
    key: string,
    options: GetOptions,
    info: ObjectInfo,
    first: ObjectRead | undefined,
  ) {
    this.#store = store;
    this.#key = key;
    this.#options = options;
    this.info = info;
    this.#read = first;
  }

  async read(span: Span): Promise<AsyncIterable<Uint8Array>> {
    const { size, etag } = this.info;
    // Nothing of something: there is no block to look at.
    if (span.start === span.end && size > 0) return nothing();
    const blocks = storedSpan(span);
    const stored = { start: blocks.start, end: Math.min(blocks.end, storedSize(size)) };
    const has = this.#read?.range;
    if (this.#isUsed || has?.start !== stored.start || has.end < stored.end) {
      await this.close();
      const { version, signal } = this.#options;
      this.#read = await this.#store.get(this.#key, { range: stored, ifMatch: etag, version, signal });
    }
    this.#isUsed = true;
    const body = this.#read?.body ?? nothing();
    return verify(body, logicalStart(stored.start), span, size, this.#key);
  }

  async close(): Promise<void> {
    await this.#read?.close();
  }
}

/** Stored bytes of an object whose bytes can be opened by range. */
async function* sealSpan(source: Source, size: number, { start, end }: Span): AsyncGenerator<Uint8Array> {
  const block = storedSpan({ start: 0, end: 1 }).end;
  const from = Math.min(Math.floor(start / block) * BLOCK_BYTES, size);
  let at = Math.floor(start / block) * block;
  const chunks = from === 0 ? openExact(source) : source.open({ start: from, end: size });
  for await (const chunk of sealKnown(chunks, size, from)) {
    const wanted = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += chunk.byteLength;
    if (wanted.byteLength > 0) yield wanted;
    if (at >= end && end < storedSize(size)) return;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  yield* [];
}
