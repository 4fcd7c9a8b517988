/**
 * A store in this process's memory: the reference that others are tested against. Bytes are copied when they come in and
 * never changed after; readers get copies.
 */

import { toAttributes } from '../../attributes.ts';
import { announcedSize, concat, openExact, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions, checkPutMode, notFound } from '../../conditions.ts';
import { isStoreError, StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey, eachKey } from '../../keys.ts';
import { headRead, objectRead } from '../../object-read.ts';
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
import { MemoryUploads } from './memory-uploads.ts';
import { SortedKeys } from './sorted-keys.ts';

interface Entry {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

const CAPABILITIES: Capabilities = {
  write: true,
  create: true,
  ifMatch: true,
  attributes: true,
  versions: false,
  durable: false,
  list: true,
  serverSideCopy: true,
  uploads: true,
  serverSideComplete: true,
  presign: false,
  keyBytesMax: 1024,
  // What one piece of memory can hold.
  objectBytesMax: 2 ** 33 - 1,
  metadataBytesMax: 2048,
  partBytesMin: 1,
};

/** Chunks of this size at most, so that readers that stop early have not been handed everything. */
const CHUNK_BYTES = 1024 * 1024;

export class MemoryStore implements ObjectStore {
  readonly capabilities = CAPABILITIES;
  readonly #objects = new Map<string, Entry>();
  readonly #keys = new SortedKeys((key) => this.#objects.has(key));
  readonly #uploads: MemoryUploads = new MemoryUploads((key, bytes, attributes, mode) =>
    this.#publish(key, bytes, attributes, mode, 'upload'),
  );
  #states = 0;
  #closed = false;

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#check('put', key, options.signal);
    const attributes = toAttributes(options.attributes, 'put', key, CAPABILITIES.metadataBytesMax);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    const parts: Uint8Array[] = [];
    for await (const chunk of openExact(source, size)) {
      throwIfAborted(options.signal, 'put', key);
      // Not `slice`, which on a Buffer copies nothing.
      parts.push(new Uint8Array(chunk));
    }
    this.#check('put', key, options.signal);
    return this.#publish(key, concat(parts), attributes, options.mode, 'put');
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const { info, bytes } = await this.#find('get', key, options);
    if (options.head === true) return headRead(info);
    const range = resolveRange(options.range, bytes.byteLength, key);
    return objectRead(info, range, chunksOf(bytes.subarray(range.start, range.end), options.signal, key));
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    checkTargets(targets, options, key);
    const { info, bytes } = await this.#find('readInto', key, options);
    for (const { start, into } of fitTargets(targets, options, bytes.byteLength, key)) {
      into.set(bytes.subarray(start, start + into.byteLength));
    }
    return info;
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    this.#checkOpen('list');
    yield* listSorted(
      this.#keys.all,
      (key) => {
        const entry = this.#objects.get(key);
        return entry === undefined ? undefined : toListed(entry.info);
      },
      options,
    );
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    for await (const key of eachKey(keys)) {
      this.#checkOpen('delete');
      throwIfAborted(options.signal, 'delete', key);
      try {
        checkKey(key, 'delete', CAPABILITIES.keyBytesMax);
        if (this.#objects.delete(key)) this.#keys.remove();
        yield { key };
      } catch (error) {
        if (!isStoreError(error)) throw error;
        yield { key, error };
      }
    }
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    checkKey(to, 'copy', CAPABILITIES.keyBytesMax);
    const { info, bytes } = await this.#find('copy', from, options);
    const attributes =
      options.attributes === undefined
        ? info.attributes
        : toAttributes(options.attributes, 'copy', to, CAPABILITIES.metadataBytesMax);
    return this.#publish(to, bytes, attributes, options.mode, 'copy');
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#check('upload', key, options.signal);
    const attributes = toAttributes(options.attributes, 'upload', key, CAPABILITIES.metadataBytesMax);
    return Promise.resolve(this.#uploads.begin(key, attributes, options));
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    this.#check('openUpload', key, options.signal);
    return Promise.resolve(this.#uploads.open(key, id));
  }

  async *listUploads(options: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkOpen('listUploads');
    for (const entry of this.#uploads.list(options.prefix ?? '')) {
      throwIfAborted(options.signal, 'listUploads');
      yield entry;
    }
    await Promise.resolve();
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs', key));
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#objects.clear();
    this.#uploads.clear();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return 'memory()';
  }

  async #find(
    operation: StoreOperation,
    key: string,
    options: Pick<GetOptions, 'signal' | 'version' | 'ifMatch' | 'ifNoneMatch'>,
  ): Promise<Entry> {
    this.#check(operation, key, options.signal);
    if (options.version !== undefined) throw unsupported(this, operation, 'keep versions', key);
    const entry = this.#objects.get(key);
    if (entry === undefined) throw notFound(operation, key);
    checkGetConditions(options, entry.info.etag, operation, key);
    return Promise.resolve(entry);
  }

  #publish(
    key: string,
    bytes: Uint8Array,
    attributes: Attributes,
    mode: PutMode | undefined,
    operation: StoreOperation,
  ): ObjectInfo {
    const old = this.#objects.get(key);
    checkPutMode(mode, old?.info.etag, operation, key);
    const info: ObjectInfo = {
      key,
      size: bytes.byteLength,
      etag: (++this.#states).toString(16),
      lastModified: new Date(),
      attributes,
    };
    if (old === undefined) this.#keys.add(key);
    this.#objects.set(key, { info, bytes });
    return info;
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkKey(key, operation, CAPABILITIES.keyBytesMax);
    throwIfAborted(signal, operation, key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }
}

function toListed({ key, size, etag, lastModified }: ObjectInfo): ListedObject {
  return { type: 'object', key, size, etag, lastModified };
}

async function* chunksOf(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  key: string,
): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    throwIfAborted(signal, 'get', key);
    yield await Promise.resolve(bytes.slice(start, start + CHUNK_BYTES));
  }
}
