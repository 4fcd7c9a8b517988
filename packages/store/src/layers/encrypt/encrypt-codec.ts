/** The codec of `encrypt`: which requests a read takes, and which key seals what is written. */

import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { bytesSource, collect, openExact, replayableSource, streamSource } from '../../body.ts';
import type { Source } from '../../body.ts';
import type { Span } from '../../byte-range.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type {
  ByteRange,
  GetOptions,
  ListEntry,
  ObjectInfo,
  ObjectRead,
  ObjectStore,
} from '../../object-store.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { corrupt } from '../codec/codec.ts';
import type { Codec, Encoded, Opened } from '../codec/codec.ts';
import { openStream, sealSpan, sealStream } from './blocks.ts';
import {
  BLOCK_BYTES,
  DATA_KEY_BYTES,
  HEADER_BYTES,
  KEY_ID_BYTES_MAX,
  logicalSize,
  NONCE_BYTES,
  readHeader,
  storedSize,
  storedSpan,
  storedStart,
  writeHeader,
} from './format.ts';

/** Sealed at once, so that the store gets them in one piece. */
const SMALL_BYTES = 1024 * 1024;
/** A range that begins this early is read from the header on: one request instead of two. */
const NEAR_BYTES = 4 * BLOCK_BYTES;

export interface MasterKeys {
  readonly keys: Readonly<Record<string, Uint8Array>>;
  readonly current: string;
}

export class EncryptCodec implements Codec {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #current: KeyObject;
  readonly current: string;
  readonly #random: (size: number) => Uint8Array;

  /** @param random bytes that nobody can guess */
  constructor({ keys, current }: MasterKeys, random: (size: number) => Uint8Array = randomBytes) {
    if (typeof keys !== 'object' || keys === null) {
      throw invalid('Give `keys`, by their ids, and the id of the `current` one');
    }
    this.#keys = new Map(Object.entries(keys).map(([id, bytes]) => [id, toKey(id, bytes)]));
    const master = this.#keys.get(current);
    if (master === undefined)
      throw invalid(`The current key ${JSON.stringify(current)} is not among \`keys\``);
    this.#current = master;
    this.current = current;
    this.#random = random;
  }

  objectBytesMax(storedBytesMax: number): number {
    // Fewer than fit, by less than a block: simple, and never more.
    return Math.max(0, Math.floor((storedBytesMax - storedSize(0)) / (BLOCK_BYTES + 16)) * BLOCK_BYTES);
  }

  async encode(source: Source, size: number | undefined): Promise<Encoded> {
    const dataKey = this.#random(DATA_KEY_BYTES);
    const header = this.header(dataKey);
    const { bytes } = source;
    if (bytes !== undefined) {
      const open = (span: Span): AsyncGenerator<Uint8Array> => sealSpan(header, dataKey, bytes, span);
      const stored = storedSize(bytes.byteLength);
      const small = bytes.byteLength <= SMALL_BYTES;
      return {
        source: small
          ? bytesSource(await collect(open({ start: 0, end: stored })))
          : replayableSource(stored, open),
        size: () => bytes.byteLength,
      };
    }
    // Read once, though the source could be read again: a file that changes in between would be sealed with the same
    // nonces twice, which gives away the difference of the two.
    let seen = 0;
    const chunks = sealStream(header, dataKey, openExact(source, size), (all) => {
      seen = all;
    });
    return {
      source: streamSource(chunks, size === undefined ? undefined : storedSize(size)),
      size: () => seen,
    };
  }

  async open(store: ObjectStore, key: string, options: GetOptions): Promise<Opened> {
    const near = isNear(options.range);
    const first = await getStored(store, key, {
      ...options,
      range: near ? nearRange(options.range) : { start: 0, end: HEADER_BYTES },
    });
    const reader = new ByteReader(first.body);
    try {
      const info = this.#logical(first.info);
      const { dataKey } = readHeader(await reader.read(HEADER_BYTES), this.#keys, key);
      return new OpenedBlocks(store, key, options, { info, dataKey, first, reader });
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  async head(store: ObjectStore, key: string, options: GetOptions): Promise<ObjectInfo> {
    const { info } = await store.get(key, { ...options, head: true });
    return this.#logical(info);
  }

  sizeOf({ key, size }: ObjectInfo): number {
    return logicalSize(size) ?? notOurs(key, size);
  }

  async *list(_store: ObjectStore, entries: AsyncIterable<ListEntry>): AsyncGenerator<ListEntry> {
    for await (const entry of entries) {
      // An object of somebody else must not hide all the others: reading it says what it is.
      yield entry.type === 'object' ? { ...entry, size: logicalSize(entry.size) ?? 0 } : entry;
    }
  }

  /** A header with which the current key wraps `dataKey`. */
  header(dataKey: Uint8Array): Buffer {
    return writeHeader(this.current, this.#current, dataKey, this.#random(NONCE_BYTES));
  }

  /** What a header says, `dataKey` included. */
  readHeader(bytes: Uint8Array, key: string): { readonly keyId: string; readonly dataKey: Uint8Array } {
    return readHeader(bytes, this.#keys, key);
  }

  #logical(info: ObjectInfo): ObjectInfo {
    return { ...info, size: this.sizeOf(info) };
  }
}

interface State {
  readonly info: ObjectInfo;
  readonly dataKey: Uint8Array;
  /** the read that gave the header; what follows it there may be wanted */
  readonly first: ObjectRead;
  readonly reader: ByteReader;
}

class OpenedBlocks implements Opened {
  readonly info: ObjectInfo;
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #options: GetOptions;
  readonly #state: State;
  #firstUsed = false;
  #read: ObjectRead;

  constructor(store: ObjectStore, key: string, options: GetOptions, state: State) {
    this.info = state.info;
    this.#store = store;
    this.#key = key;
    this.#options = options;
    this.#state = state;
    this.#read = state.first;
  }

  async read(span: Span): Promise<AsyncIterable<Uint8Array>> {
    const { dataKey, first, reader } = this.#state;
    const { size, etag } = this.info;
    const stored = storedSpan(span, size);
    if (!this.#firstUsed && stored.end <= first.range.end && span.start < NEAR_BYTES) {
      this.#firstUsed = true;
      return openStream(restOf(reader), HEADER_BYTES, dataKey, span, size, this.#key);
    }
    await this.close();
    const { version, signal } = this.#options;
    this.#read = await this.#store.get(this.#key, { range: stored, ifMatch: etag, version, signal });
    return openStream(this.#read.body, stored.start, dataKey, span, size, this.#key);
  }

  close(): Promise<void> {
    return this.#read.close();
  }
}

async function* restOf(reader: ByteReader): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const piece = await reader.read(storedStart(1) - storedStart(0));
      if (piece.byteLength === 0) return;
      yield piece;
    }
  } finally {
    await reader.close();
  }
}

function isNear(range: ByteRange | undefined): boolean {
  return range === undefined || ('start' in range && range.start < NEAR_BYTES);
}

function nearRange(range: ByteRange | undefined): ByteRange | undefined {
  if (range === undefined || !('start' in range) || range.end === undefined) return undefined;
  // Up to the end of the block after: the end of the object is not known yet, and may be the end of the range.
  return { start: 0, end: storedStart(Math.floor(range.end / BLOCK_BYTES) + 1) };
}

/** The first bytes of an object; every object of this format has some. */
async function getStored(store: ObjectStore, key: string, options: GetOptions): Promise<ObjectRead> {
  try {
    return await store.get(key, options);
  } catch (error) {
    if (isStoreError(error, 'InvalidRange')) throw corrupt(key, 'it is empty', error);
    throw error;
  }
}

function toKey(id: string, bytes: Uint8Array): KeyObject {
  const idBytes = Buffer.byteLength(id);
  if (idBytes < 1 || idBytes > KEY_ID_BYTES_MAX || id.includes('\0')) {
    throw invalid(`A key's id has 1 to ${KEY_ID_BYTES_MAX} bytes in UTF-8, not ${JSON.stringify(id)}`);
  }
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== DATA_KEY_BYTES) {
    throw invalid(`The key ${JSON.stringify(id)} must be ${DATA_KEY_BYTES} bytes: those of an AES-256 key`);
  }
  return createSecretKey(bytes);
}

function notOurs(key: string, size: number): never {
  throw corrupt(key, `no encrypted object has ${size} bytes`);
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
