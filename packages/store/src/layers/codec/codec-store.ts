/**
 * A layer that stores other bytes than it is given, by its codec. Keys, attributes, conditions and etags are those of the store below.
 * It has no live uploads and no presigned URLs: both would show stored bytes.
 */

import { announcedSize, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { isStoreError, StoreError, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { headRead, objectRead } from '../../object-read.ts';
import type {
  CallOptions,
  CopyOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectRead,
  ObjectStore,
  PresignOptions,
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../../object-store.ts';
import { planRanges, RangeWriter } from '../../ranges/plan.ts';
import { checkTargets, fitTargets } from '../../read-targets.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import type { Codec, Opened } from './codec.ts';

/** An object that changes this often between two requests of one read is somebody's log, not an object to wait for. */
const TRIES = 5;
/** Two targets with a gap of up to this many bytes between them are read as one: less than what a request costs. */
const GAP_BYTES = 256 * 1024;

export class CodecStore implements ObjectStore {
  readonly capabilities: Capabilities;
  /** what it is called with, as `toString` shows it: `encrypt("2026"` */
  readonly #label: string;
  readonly codec: Codec;
  readonly inner: ObjectStore;

  constructor(label: string, codec: Codec, inner: ObjectStore) {
    this.#label = label;
    this.codec = codec;
    this.inner = inner;
    this.capabilities = {
      ...inner.capabilities,
      uploads: false,
      serverSideComplete: false,
      presign: false,
      objectBytesMax: codec.objectBytesMax(inner.capabilities.objectBytesMax),
    };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    if (size !== undefined && size > this.capabilities.objectBytesMax) {
      throw new StoreError(
        'TooLarge',
        `An object has ${this.capabilities.objectBytesMax} bytes at most, not ${size}`,
        { operation: 'put', key },
      );
    }
    const encoded = await this.codec.encode(source, size);
    const info = await this.inner.put(key, encoded.source, { ...options, size: undefined });
    return { ...info, size: encoded.size() };
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    if (options.head === true) return headRead(await this.codec.head(this.inner, key, options));
    return this.#open(key, options, async (opened) => {
      const range = resolveRange(options.range, opened.info.size, key);
      const body = await opened.read(range);
      return objectRead(opened.info, range, body, async () => {
        await opened.close();
        await body[Symbol.asyncIterator]().return?.();
      });
    });
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    checkTargets(targets, options, key);
    const { ifMatch, version, signal, gap = GAP_BYTES } = options;
    const range = {
      start: targets.reduce((least, target) => Math.min(least, target.start), Number.MAX_SAFE_INTEGER),
      end: targets.reduce((most, { start, into }) => Math.max(most, start + into.byteLength), 1),
    };
    return this.#open(key, { ifMatch, version, signal, range }, async (opened) => {
      const fitted = fitTargets(targets, options, opened.info.size, key);
      for (const planned of planRanges(fitted, { rangeBytesMax: Number.MAX_SAFE_INTEGER, gap })) {
        const writer = new RangeWriter(planned);
        for await (const chunk of await opened.read(planned)) writer.write(chunk);
      }
      await opened.close();
      return opened.info;
    });
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return this.codec.list(this.inner, this.inner.list(options), options.signal);
  }

  delete(keys: Iterable<string> | AsyncIterable<string>, options?: CallOptions): AsyncIterable<DeleteResult> {
    return this.inner.delete(keys, options);
  }

  /** The stored bytes are copied as they are, inside the store where it can. */
  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    for (let tries = 1; ; tries++) {
      const { ifMatch, version, signal } = options;
      const head = await this.codec.head(this.inner, from, { ifMatch, version, signal });
      try {
        const copied = await this.inner.copy(from, to, { ...options, ifMatch: head.etag });
        return { ...copied, size: this.codec.sizeOf(copied) ?? head.size };
      } catch (error) {
        if (ifMatch !== undefined || !isStoreError(error, 'PreconditionFailed')) throw error;
        // Either the condition on `to` failed, or `from` has changed since, which the caller did not ask about.
        if (typeof options.mode === 'object') {
          const now = await this.codec.head(this.inner, from, { version, signal });
          if (now.etag === head.etag) throw error;
        }
        if (tries === TRIES) throw changesTooFast(from, 'copy', error);
      }
    }
  }

  upload(key: string, _options?: UploadOptions): Promise<Upload> {
    return Promise.reject(unsupported(this, 'upload', 'make uploads that can be read', key));
  }

  openUpload(key: string, _id?: string, _options?: CallOptions): Promise<UploadReader> {
    return Promise.reject(unsupported(this, 'openUpload', 'make uploads that can be read', key));
  }

  // oxlint-disable-next-line require-yield
  async *listUploads(_options?: ListUploadsOptions): AsyncGenerator<UploadListEntry> {
    await Promise.reject(unsupported(this, 'listUploads', 'make uploads that can be read'));
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs: they would give stored bytes', key));
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `${this.#label}, ${this.inner.toString()})`;
  }

  /** Opens and uses a state of an object; another one if it has changed between the requests that this takes. */
  async #open<T>(key: string, options: GetOptions, use: (opened: Opened) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const opened = await this.codec.open(this.inner, key, options);
      try {
        return await use(opened);
      } catch (error) {
        await opened.close();
        if (options.ifMatch !== undefined || !isStoreError(error, 'PreconditionFailed')) throw error;
        if (tries < TRIES) continue;
        throw changesTooFast(key, 'get', error);
      }
    }
  }
}

function changesTooFast(key: string, operation: StoreOperation, cause: StoreError): StoreError {
  return new StoreError('Conflict', `${key} changes faster than it can be read`, { operation, key, cause });
}
