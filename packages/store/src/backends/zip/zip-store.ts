/**
 * A zip archive as a store. Reads go to the entry that they need; writes go to a temporary file and are in the archive, and
 * durable, when `flush` or `close` has written it anew.
 */

import { randomBytes } from 'node:crypto';
import { toAttributes } from '../../attributes.ts';
import { announcedSize, openExact, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions, checkPutMode, notFound } from '../../conditions.ts';
import { isStoreError, StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { heldRead } from '../../held-read.ts';
import { checkKey, eachKey } from '../../keys.ts';
import { headRead } from '../../object-read.ts';
import type {
  Attributes,
  CallOptions,
  CopyOptions,
  DeleteResult,
  GetOptions,
  ListedObject,
  ListEntry,
  ListOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectRead,
  ObjectStore,
  PresignOptions,
  PutMode,
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../../object-store.ts';
import { checkTargets, fitTargets } from '../../read-targets.ts';
import { listSorted } from '../../sorted-listing.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import type { Archive } from './archive.ts';
import { makeOwn } from './entry.ts';
import type { ZipEntry } from './entry.ts';
import { fromSystem } from './file-errors.ts';
import { METHOD } from './format.ts';
import { whatIsUnsafe } from './names.ts';
import { pack } from './pack.ts';
import type { PackedBody, PackOptions } from './pack.ts';
import { SpooledData } from './packed-data.ts';
import type { Spool } from './spool.ts';
import { checkReadable, unpack } from './unpack.ts';
import type { Packed } from './unpack.ts';

const OBJECT_BYTES_MAX = 5 * 2 ** 40;
/** The field for a name's length has two bytes. */
const KEY_BYTES_MAX = 65_535;
const METADATA_BYTES_MAX = 2048;

export class ZipStore implements ObjectStore {
  readonly capabilities: Capabilities;
  readonly #archive: Archive;
  readonly #packing: PackOptions;
  #closing: Promise<void> | undefined;

  constructor(archive: Archive, packing: PackOptions) {
    const { writable, exclusive } = archive.home;
    this.#archive = archive;
    this.#packing = packing;
    this.capabilities = {
      write: writable,
      create: writable && exclusive,
      ifMatch: writable && exclusive,
      attributes: writable,
      versions: false,
      durable: false,
      list: true,
      serverSideCopy: writable,
      uploads: false,
      serverSideComplete: false,
      presign: false,
      keyBytesMax: KEY_BYTES_MAX,
      objectBytesMax: OBJECT_BYTES_MAX,
      metadataBytesMax: METADATA_BYTES_MAX,
      partBytesMin: 1,
    };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const { mode, signal } = options;
    this.#checkWrite('put', key, mode, signal);
    const attributes = toAttributes(options.attributes, 'put', key, METADATA_BYTES_MAX);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    checkSize(size ?? 0, key);
    const spool = await this.#guard('put', key, () => this.#archive.beginWrite());
    try {
      const { runs, ...fields } = await this.#pack(spool, openExact(source, size), key, signal);
      const entry = { ...fields, key, flags: 0, data: new SpooledData(spool, runs) };
      return await this.#publish('put', entry, attributes, mode, signal);
    } finally {
      spool.release();
    }
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const entry = await this.#find('get', key, options);
    const { info } = entry;
    if (options.head === true) return headRead(info);
    const range = resolveRange(options.range, entry.size, key);
    checkReadable(entry, 'get');
    const { data } = entry;
    data.retain();
    const body = this.#guarded('get', key, unpack(entry, range, options.signal));
    return heldRead(info, range, body, () => data.release());
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    checkTargets(targets, options, key);
    const entry = await this.#find('readInto', key, options);
    const fitted = fitTargets(targets, options, entry.size, key);
    checkReadable(entry, 'readInto');
    const { data } = entry;
    data.retain();
    try {
      // What is deflated is unpacked once for all of them; of what is stored only what is asked for is read.
      const groups = entry.method === METHOD.stored ? fitted.map((one) => [one]) : [fitted];
      for (const group of groups) {
        await this.#guard('readInto', key, () => readGroup(entry, group, options.signal));
      }
    } finally {
      data.release();
    }
    return entry.info;
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    this.#checkOpen('list');
    const look = (key: string): ListedObject | undefined => {
      this.#checkOpen('list');
      const entry = this.#archive.find(key);
      return entry === undefined ? undefined : toListed(entry.info);
    };
    yield* listSorted(this.#archive.keys, look, options);
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    { signal }: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    for await (const key of eachKey(keys)) {
      this.#checkOpen('delete');
      if (!this.capabilities.write) throw unsupported(this, 'delete', 'be written to', key);
      throwIfAborted(signal, 'delete', key);
      try {
        checkKey(key, 'delete', KEY_BYTES_MAX);
        await this.#guard('delete', key, () => this.#archive.change(key, () => undefined));
        yield { key };
      } catch (error) {
        if (!isStoreError(error)) throw error;
        yield { key, error };
      }
    }
  }

  /** The packed bytes are read again when the archive is written. */
  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#checkWrite('copy', to, options.mode, options.signal);
    const replacing =
      options.attributes === undefined
        ? undefined
        : toAttributes(options.attributes, 'copy', to, METADATA_BYTES_MAX);
    // First, since the archive may have been written by somebody else before this was its writer.
    const spool = await this.#guard('copy', to, () => this.#archive.beginWrite());
    try {
      const entry = await this.#find('copy', from, options);
      checkReadable(entry, 'copy');
      const { method, crc, size, packedSize, data } = entry;
      const copied = { key: to, method, flags: 0, crc, size, packedSize, data };
      data.retain();
      try {
        return await this.#publish(
          'copy',
          copied,
          replacing ?? entry.info.attributes,
          options.mode,
          options.signal,
        );
      } finally {
        data.release();
      }
    } finally {
      spool.release();
    }
  }

  upload(key: string, _options?: UploadOptions): Promise<Upload> {
    return Promise.reject(unsupported(this, 'upload', 'keep uploads in progress', key));
  }

  openUpload(key: string, _id?: string, _options?: CallOptions): Promise<UploadReader> {
    return Promise.reject(unsupported(this, 'openUpload', 'keep uploads in progress', key));
  }

  // oxlint-disable-next-line require-yield
  async *listUploads(_options?: ListUploadsOptions): AsyncGenerator<UploadListEntry> {
    await Promise.reject(unsupported(this, 'listUploads', 'keep uploads in progress'));
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs', key));
  }

  /** Writes the archive anew with all that was put and deleted; when this resolves that is durable. */
  async flush(): Promise<void> {
    this.#checkOpen('close');
    await this.#guard('close', undefined, () => this.#archive.flush());
  }

  /** As `flush`; when that rejects the archive is as it was, and what was put since is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#guard('close', undefined, () => this.#archive.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `zip(${this.#archive.home.toString()})`;
  }

  /** What the caller's own body throws passes through. */
  async #pack(
    spool: Spool,
    body: AsyncIterable<Uint8Array>,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<PackedBody> {
    let thrown: unknown;
    const chunks = watch(body, key, signal, (error) => (thrown = error));
    try {
      return await pack(chunks, spool, this.#packing, (sofar) => checkSize(sofar, key));
    } catch (error) {
      throw error === thrown ? error : fromSystem(error, this.toString(), 'put', key);
    }
  }

  async #publish(
    operation: 'put' | 'copy',
    packed: Packed,
    attributes: Attributes,
    mode: PutMode | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ObjectInfo> {
    const { key, size } = packed;
    const etag = randomBytes(8).readBigUInt64LE().toString(16);
    const info = { key, size, etag, lastModified: new Date(), attributes };
    makeOwn(info);
    await this.#guard(operation, key, () =>
      this.#archive.change(key, (old) => {
        this.#checkOpen(operation);
        throwIfAborted(signal, operation, key);
        checkPutMode(mode, old?.info.etag, operation, key);
        return { ...packed, info, raw: undefined };
      }),
    );
    return info;
  }

  async #find(
    operation: StoreOperation,
    key: string,
    options: Pick<GetOptions, 'signal' | 'version' | 'ifMatch' | 'ifNoneMatch'>,
  ): Promise<ZipEntry> {
    this.#checkOpen(operation);
    checkKey(key, operation, KEY_BYTES_MAX);
    throwIfAborted(options.signal, operation, key);
    if (options.version !== undefined) throw unsupported(this, operation, 'keep versions', key);
    const entry = this.#archive.find(key);
    if (entry === undefined) throw notFound(operation, key);
    checkGetConditions(options, entry.info.etag, operation, key);
    return Promise.resolve(entry);
  }

  #checkWrite(
    operation: 'put' | 'copy',
    key: string,
    mode: PutMode | undefined,
    signal: AbortSignal | undefined,
  ): void {
    this.#checkOpen(operation);
    checkKey(key, operation, KEY_BYTES_MAX);
    if (!this.capabilities.write) throw unsupported(this, operation, 'be written to', key);
    if (mode !== undefined && mode !== 'overwrite' && !this.capabilities.create) {
      throw unsupported(this, operation, 'decide conditions: its archive is another store’s', key);
    }
    const unsafe = whatIsUnsafe(key);
    if (unsafe !== undefined) {
      throw new StoreError(
        'InvalidKey',
        `${JSON.stringify(key)} is not safe as a name in a zip archive: it ${unsafe}`,
        {
          operation,
          key,
        },
      );
    }
    throwIfAborted(signal, operation, key);
  }

  async #guard<T>(operation: StoreOperation, key: string | undefined, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw fromSystem(error, this.toString(), operation, key);
    }
  }

  async *#guarded<T>(operation: StoreOperation, key: string, items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      for await (const item of items) {
        this.#checkOpen(operation);
        yield item;
      }
    } catch (error) {
      throw fromSystem(error, this.toString(), operation, key);
    }
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closing !== undefined) {
      throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
    }
  }
}

async function readGroup(
  entry: ZipEntry,
  targets: readonly ReadTarget[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const start = Math.min(...targets.map((target) => target.start));
  const end = Math.max(...targets.map((target) => target.start + target.into.byteLength));
  if (targets.length === 0) return;
  let position = start;
  for await (const chunk of unpack(entry, { start, end }, signal)) {
    for (const target of targets) {
      const from = Math.max(0, target.start - position);
      const to = Math.min(chunk.byteLength, target.start + target.into.byteLength - position);
      if (from < to) target.into.set(chunk.subarray(from, to), position + from - target.start);
    }
    position += chunk.byteLength;
  }
}

async function* watch(
  chunks: AsyncIterable<Uint8Array>,
  key: string,
  signal: AbortSignal | undefined,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      throwIfAborted(signal, 'put', key);
      yield chunk;
    }
  } catch (error) {
    onError(error);
    throw error;
  }
}

function toListed({ key, size, etag, lastModified }: ObjectInfo): ListedObject {
  return { type: 'object', key, size, etag, lastModified };
}

function checkSize(size: number, key: string): void {
  if (size <= OBJECT_BYTES_MAX) return;
  throw new StoreError('TooLarge', `An entry has ${OBJECT_BYTES_MAX} bytes at most`, {
    operation: 'put',
    key,
  });
}
