/**
 * A store in memory without uploads of its own: they are made of part objects, as on a backend that knows no better. Several
 * of these over one `MemoryStore` are several processes with one store.
 */

import assert from 'node:assert/strict';
import { MemoryStore } from '../backends/memory/memory-store.ts';
import type { Body } from '../body.ts';
import type { Capabilities } from '../capabilities.ts';
import { isStoreError, unsupported } from '../errors.ts';
import type { StoreOperation } from '../errors.ts';
import { checkKey, eachKey, RESERVED_PREFIX } from '../keys.ts';
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
} from '../object-store.ts';
import type { Upload, UploadListEntry, UploadReader } from '../upload.ts';
import { CLEAN_UPLOADS } from './clean-uploads.ts';
import type { CleanedUpload } from './clean-uploads.ts';
import type { PartObjects } from './part-objects.ts';
import { PartUploads } from './part-uploads.ts';

/** Before every key of the inner store, so that none is reserved there. */
const UNDER = 'all/';

/** All keys of `inner`, reserved ones as well. Composes if it can complete on the side of the store. */
export function rawObjects(inner: MemoryStore, capabilities: Capabilities = inner.capabilities): PartObjects {
  const outer = <T extends { readonly key: string }>(one: T): T => ({
    ...one,
    key: one.key.slice(UNDER.length),
  });
  const raw: PartObjects = {
    capabilities,
    put: async (key, body, options) => outer(await inner.put(UNDER + key, body, options)),
    get: async (key, options) => {
      const read = await inner.get(UNDER + key, options);
      return Object.assign(Object.create(read) as ObjectRead, {
        info: outer(read.info),
        range: read.range,
        body: read.body,
        [Symbol.asyncDispose]: () => read.close(),
      });
    },
    async *list({ prefix = '', startAfter, ...options } = {}) {
      const after = startAfter === undefined ? undefined : UNDER + startAfter;
      for await (const entry of inner.list({ ...options, prefix: UNDER + prefix, startAfter: after })) {
        if (entry.type === 'object') yield outer(entry);
        else yield { ...entry, prefix: entry.prefix.slice(UNDER.length) };
      }
    },
    async *delete(keys, options) {
      const inners = async function* (): AsyncGenerator<string> {
        for await (const key of eachKey(keys)) yield UNDER + key;
      };
      for await (const result of inner.delete(inners(), options)) yield outer(result);
    },
    toString: () => 'partMemory()',
  };
  if (!capabilities.serverSideComplete) return raw;
  return {
    ...raw,
    compose: async (key, parts, { size, ...options }) => {
      const bytes = new Uint8Array(size);
      let start = 0;
      for (const part of parts) {
        const into = bytes.subarray(start, (start += part.size));
        await inner.readInto(UNDER + part.key, [{ start: 0, into }]);
      }
      assert.equal(start, size);
      return raw.put(key, bytes, options);
    },
  };
}

export class PartMemoryStore implements ObjectStore {
  readonly capabilities: Capabilities;
  readonly #inner: MemoryStore;
  readonly #raw: PartObjects;
  readonly #uploads: PartUploads;

  constructor(inner = new MemoryStore(), capabilities: Partial<Capabilities> = {}) {
    this.capabilities = {
      ...inner.capabilities,
      keyBytesMax: 900,
      serverSideComplete: false,
      ...capabilities,
    };
    this.#inner = inner;
    this.#raw = rawObjects(inner, this.capabilities);
    this.#uploads = new PartUploads(this.#raw, { partSize: 64 * 1024 });
  }

  async put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    this.#check('put', key);
    if (options?.mode === 'create') this.#checkCreate('put', key);
    return this.#raw.put(key, body, options);
  }

  async get(key: string, options?: GetOptions): Promise<ObjectRead> {
    this.#check('get', key);
    return this.#raw.get(key, options);
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options?: ReadIntoOptions,
  ): Promise<ObjectInfo> {
    this.#check('readInto', key);
    return { ...(await this.#inner.readInto(UNDER + key, targets, options)), key };
  }

  async *list(options?: ListOptions): AsyncGenerator<ListEntry> {
    for await (const entry of this.#raw.list(options)) {
      const name = entry.type === 'object' ? entry.key : entry.prefix;
      if (!name.startsWith(RESERVED_PREFIX)) yield entry;
    }
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    for await (const key of eachKey(keys)) {
      try {
        this.#check('delete', key);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        yield { key, error };
        continue;
      }
      yield* this.#raw.delete([key], options);
    }
  }

  async copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    this.#check('copy', from);
    this.#check('copy', to);
    if (options?.mode === 'create') this.#checkCreate('copy', to);
    return { ...(await this.#inner.copy(UNDER + from, UNDER + to, options)), key: to };
  }

  async upload(key: string, options?: UploadOptions): Promise<Upload> {
    this.#check('upload', key);
    return this.#uploads.upload(key, options);
  }

  async openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    this.#check('openUpload', key);
    return this.#uploads.openUpload(key, id, options);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.#uploads.listUploads(options);
  }

  [CLEAN_UPLOADS](options: CallOptions & { olderThanMs: number; dryRun: boolean }): Promise<CleanedUpload[]> {
    return this.#uploads.clean(options);
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs', key));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return 'partMemory()';
  }

  #checkCreate(operation: StoreOperation, key: string): void {
    if (!this.capabilities.create) throw unsupported(this, operation, 'create atomically', key);
  }

  #check(operation: StoreOperation, key: string): void {
    checkKey(key, operation, this.capabilities.keyBytesMax);
  }
}
