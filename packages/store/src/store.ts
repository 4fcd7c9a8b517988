/**
 * `Store`: what people call every day, over any `ObjectStore`. It is one itself, and forwards what is not its own as it is,
 * so that a store from `open`, from a backend's function or from a layer can be used wherever one is asked for.
 */

import type { Body } from './body.ts';
import type { Capabilities } from './capabilities.ts';
import { checkIsPutMode } from './conditions.ts';
import { isStoreError, StoreError } from './errors.ts';
import type {
  CallOptions,
  CopyOptions,
  DeleteResult,
  GetOptions,
  ListEntry,
  ListOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectStore,
  PresignOptions,
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from './object-store.ts';
import { PendingRead } from './reading.ts';
import type { Upload, UploadListEntry, UploadReader } from './upload.ts';

/** What `deleteMany` did. */
export interface DeletedMany {
  /** keys that have no object any more, those that had none before included */
  readonly deleted: number;
  readonly failed: readonly { readonly key: string; readonly error: StoreError }[];
}

export class Store implements ObjectStore {
  /** what does the work: a backend or a layer */
  readonly inner: ObjectStore;

  /** @param inner a backend or a layer; a `Store` is not wrapped twice */
  constructor(inner: ObjectStore) {
    this.inner = inner instanceof Store ? inner.inner : inner;
    // Callers in JavaScript learn it here, and not from a layer that fails later.
    if (typeof this.inner?.capabilities !== 'object') {
      throw new StoreError(
        'InvalidArgument',
        `A store was to be given here, not ${typeof inner}: layers take their options first and the store last`,
        { operation: 'open' },
      );
    }
  }

  get capabilities(): Capabilities {
    return this.inner.capabilities;
  }

  async put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    checkIsPutMode(options?.mode, 'put', key);
    return this.inner.put(key, body, options);
  }

  /** `await store.get(key).text()`, `for await (const chunk of store.get(key))`, or `const reading = await store.get(key)`. */
  get(key: string, options?: GetOptions): PendingRead {
    return new PendingRead(this.inner.get(key, options));
  }

  /** The object's info without its bytes. */
  async head(key: string, options?: Omit<GetOptions, 'head' | 'range'>): Promise<ObjectInfo> {
    const { info } = await this.inner.get(key, { ...options, head: true });
    return info;
  }

  async exists(key: string, options?: CallOptions): Promise<boolean> {
    try {
      await this.head(key, options);
      return true;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return false;
      throw error;
    }
  }

  /**
   * Fills the caller's memory: with the whole object, which must fit (`BufferTooSmall` says how many bytes are needed), or
   * with the ranges that the targets name. Bytes go from the connection into this memory without another copy of ours.
   */
  readInto(
    key: string,
    into: Uint8Array | readonly ReadTarget[],
    options?: ReadIntoOptions,
  ): Promise<ObjectInfo> {
    if (!(into instanceof Uint8Array)) return this.inner.readInto(key, into, options);
    return this.inner.readInto(key, [{ start: 0, into }], { ...options, whole: true });
  }

  /** @param options or the prefix alone */
  list(options?: string | ListOptions): AsyncIterable<ListEntry> {
    return this.inner.list(typeof options === 'string' ? { prefix: options } : options);
  }

  /** Keys in the order of their UTF-8 bytes. @param options or the prefix alone */
  async *keys(options?: string | Omit<ListOptions, 'delimiter'>): AsyncGenerator<string> {
    for await (const entry of this.list(options)) if (entry.type === 'object') yield entry.key;
  }

  /** One key: resolves when it has no object any more. Many: as of `ObjectStore.delete`. */
  delete(key: string, options?: CallOptions): Promise<void>;
  delete(keys: Iterable<string> | AsyncIterable<string>, options?: CallOptions): AsyncIterable<DeleteResult>;
  delete(
    keys: string | Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): Promise<void> | AsyncIterable<DeleteResult> {
    return typeof keys === 'string' ? this.#deleteOne(keys, options) : this.inner.delete(keys, options);
  }

  /** Deletes all of `keys` and says what became of them; keys that cannot be deleted do not stop the others. */
  async deleteMany(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): Promise<DeletedMany> {
    const failed: { key: string; error: StoreError }[] = [];
    let deleted = 0;
    for await (const { key, error } of this.inner.delete(keys, options)) {
      if (error === undefined) deleted++;
      else failed.push({ key, error });
    }
    return { deleted, failed };
  }

  async copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    checkIsPutMode(options?.mode, 'copy', to);
    return this.inner.copy(from, to, options);
  }

  /**
   * Copies and then deletes what was copied. Not atomic: a reader may see both, and what is written to `from` between the two
   * is deleted with it.
   */
  async move(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    if (from === to) {
      throw new StoreError('InvalidArgument', 'An object cannot be moved onto itself', {
        operation: 'copy',
        key: from,
      });
    }
    const info = await this.copy(from, to, options);
    await this.#deleteOne(from, { signal: options?.signal });
    return info;
  }

  /** Stores a file of this machine; large ones in parallel parts, where the store can. */
  async putFile(key: string, path: string, options?: Omit<PutOptions, 'size'>): Promise<ObjectInfo> {
    const { fileSource } = await import('./file-transfer.ts');
    return this.put(key, await fileSource(path), options);
  }

  /** Writes an object to a file of this machine, which appears when it is whole, in place of what is there. */
  async getFile(key: string, path: string, options?: Omit<GetOptions, 'head'>): Promise<ObjectInfo> {
    const { downloadFile } = await import('./file-transfer.ts');
    return downloadFile(await this.inner.get(key, options), path);
  }

  upload(key: string, options?: UploadOptions): Promise<Upload> {
    return this.inner.upload(key, options);
  }

  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    return this.inner.openUpload(key, id, options);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.inner.listUploads(options);
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.inner.presign(key, options);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.inner.close();
  }

  toString(): string {
    return this.inner.toString();
  }

  /** What `console.log` of Node and Bun prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  async #deleteOne(key: string, options?: CallOptions): Promise<void> {
    for await (const { error } of this.inner.delete([key], options)) if (error !== undefined) throw error;
  }
}

/** @returns a `Store` over `store`, or `store` if it is one */
export function toStore(store: ObjectStore): Store {
  return store instanceof Store ? store : new Store(store);
}
