/** A store without its writes: see readonly.ts. */

import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { unsupported } from '../../errors.ts';
import type { StoreError, StoreOperation } from '../../errors.ts';
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
import { COPY_ORIGIN, copyOrigin } from '../../sync/copy-origin.ts';
import type { CopyOrigin } from '../../sync/copy-origin.ts';
import { CHECKSUMS, checksumsOf } from '../../transfers/known-checksums.ts';
import type { KeepsChecksums } from '../../transfers/known-checksums.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';

export class ReadonlyStore implements ObjectStore {
  readonly #inner: ObjectStore;

  constructor(inner: ObjectStore) {
    this.#inner = inner;
  }

  get capabilities(): Capabilities {
    return { ...this.#inner.capabilities, write: false, create: false, ifMatch: false };
  }

  put(key: string, _body: Body, _options?: PutOptions): Promise<ObjectInfo> {
    return Promise.reject(this.#refusal('put', key));
  }

  get(key: string, options?: GetOptions): Promise<ObjectRead> {
    return this.#inner.get(key, options);
  }

  readInto(key: string, targets: readonly ReadTarget[], options?: ReadIntoOptions): Promise<ObjectInfo> {
    return this.#inner.readInto(key, targets, options);
  }

  list(options?: ListOptions): AsyncIterable<ListEntry> {
    return this.#inner.list(options);
  }

  // oxlint-disable-next-line require-yield
  async *delete(
    _keys: Iterable<string> | AsyncIterable<string>,
    _options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    await Promise.reject(this.#refusal('delete'));
  }

  copy(_from: string, to: string, _options?: CopyOptions): Promise<ObjectInfo> {
    return Promise.reject(this.#refusal('copy', to));
  }

  /** For copies between stores of one service: objects can be copied from here, and nothing to here. */
  get [COPY_ORIGIN](): CopyOrigin {
    return copyOrigin(this.#inner);
  }

  get [CHECKSUMS](): KeepsChecksums[typeof CHECKSUMS] {
    return checksumsOf(this.#inner);
  }

  upload(key: string, _options?: UploadOptions): Promise<Upload> {
    return Promise.reject(this.#refusal('upload', key));
  }

  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    return this.#inner.openUpload(key, id, options);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.#inner.listUploads(options);
  }

  presign(key: string, options: PresignOptions = {}): Promise<string> {
    const { method = 'GET' } = options;
    if (method === 'GET' || method === 'HEAD') return this.#inner.presign(key, options);
    return Promise.reject(this.#refusal('presign', key));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `readonly(${this.#inner.toString()})`;
  }

  #refusal(operation: StoreOperation, key?: string): StoreError {
    return unsupported(this, operation, 'be written to', key);
  }
}
