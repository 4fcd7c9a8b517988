/** The objects of a store whose keys begin with a prefix, as a store of their own: see prefix.ts. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import { checkKey, eachKey, RESERVED_PREFIX } from '../../keys.ts';
import { eachEntry, LIST_PAGES, listPages } from '../../list-pages.ts';
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
import { objectRead } from '../../object-read.ts';
import { COPY_FROM, COPY_ORIGIN, copyFrom, copyOrigin } from '../../sync/copy-origin.ts';
import type { CopyBetween, CopyOrigin } from '../../sync/copy-origin.ts';
import { CHECKSUMS, checksumsOf } from '../../transfers/known-checksums.ts';
import type { KeepsChecksums } from '../../transfers/known-checksums.ts';
import { PARTS, partTargetOf } from '../../transfers/part-target.ts';
import type { PartedObject, PartTarget } from '../../transfers/part-target.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { CallerErrors } from '../caller-errors.ts';
import { KeyMapping } from './key-mapping.ts';
import { PrefixUpload, PrefixUploadReader } from './prefix-uploads.ts';

export class PrefixStore implements ObjectStore {
  readonly #keys: KeyMapping;
  readonly #prefixBytes: number;
  readonly #inner: ObjectStore;

  constructor(prefix: string, inner: ObjectStore) {
    this.#keys = new KeyMapping(prefix);
    this.#prefixBytes = new TextEncoder().encode(prefix).byteLength;
    this.#inner = inner;
    if (inner.capabilities.keyBytesMax > this.#prefixBytes) return;
    throw new StoreError(
      'InvalidArgument',
      `A prefix of ${this.#prefixBytes} bytes leaves no room for keys: they have at most ${inner.capabilities.keyBytesMax}`,
    );
  }

  /** For copies between views of one store: what is copied, and where to. */
  get [COPY_ORIGIN](): CopyOrigin {
    const { store, prefix } = copyOrigin(this.#inner);
    return { store, prefix: prefix + this.#keys.prefix };
  }

  [COPY_FROM](source: ObjectStore): CopyBetween | undefined {
    const copy = copyFrom(this.#inner, source);
    if (copy === undefined) return undefined;
    return (from, to, options) =>
      this.#keys.call(async () =>
        this.#keys.info(await copy(from, this.#keys.in(to, 'copy', this.#keyBytesMax), options)),
      );
  }

  get capabilities(): Capabilities {
    const { capabilities } = this.#inner;
    return { ...capabilities, keyBytesMax: this.#keyBytesMax };
  }

  put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    const callers = new CallerErrors();
    return this.#keys.call(async () => {
      const inner = this.#keys.in(key, 'put', this.#keyBytesMax);
      return this.#keys.info(await this.#inner.put(inner, callers.watchSource(toSource(body)), options));
    }, callers);
  }

  get(key: string, options?: GetOptions): Promise<ObjectRead> {
    return this.#keys.call(async () => {
      const read = await this.#inner.get(this.#keys.in(key, 'get', this.#keyBytesMax), options);
      return objectRead(this.#keys.info(read.info), read.range, this.#keys.each(read.body), () =>
        read.close(),
      );
    });
  }

  readInto(key: string, targets: readonly ReadTarget[], options?: ReadIntoOptions): Promise<ObjectInfo> {
    return this.#keys.call(async () => {
      const inner = this.#keys.in(key, 'readInto', this.#keyBytesMax);
      return this.#keys.info(await this.#inner.readInto(inner, targets, options));
    });
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return eachEntry(this[LIST_PAGES](options), options.signal);
  }

  async *[LIST_PAGES](options: ListOptions): AsyncGenerator<readonly ListEntry[]> {
    const { startAfter } = options;
    const pages = listPages(this.#inner, {
      ...options,
      prefix: this.#keys.prefix + (options.prefix ?? ''),
      ...(startAfter === undefined ? {} : { startAfter: this.#keys.prefix + startAfter }),
    });
    for await (const page of this.#keys.each(pages)) {
      yield page.flatMap((entry): ListEntry[] => {
        const name = this.#keys.out(entry.type === 'object' ? entry.key : entry.prefix);
        // What has no name here, as an object of the prefix itself has, and what is reserved cannot be read here either.
        if (name === '' || name.startsWith(RESERVED_PREFIX)) return [];
        return [entry.type === 'object' ? { ...entry, key: name } : { ...entry, prefix: name }];
      });
    }
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): AsyncGenerator<DeleteResult> {
    const callers = new CallerErrors();
    const refused: DeleteResult[] = [];
    const results = this.#inner.delete(this.#innerKeys(callers.watch(eachKey(keys)), refused), options);
    try {
      for await (const { key, error } of results) {
        yield* refused.splice(0);
        yield error === undefined
          ? { key: this.#keys.out(key) }
          : { key: this.#keys.out(key), error: this.#keys.error(error) as StoreError };
      }
    } catch (error) {
      throw this.#keys.error(error, callers);
    }
    yield* refused;
  }

  copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    return this.#keys.call(async () => {
      const innerFrom = this.#keys.in(from, 'copy', this.#keyBytesMax);
      const innerTo = this.#keys.in(to, 'copy', this.#keyBytesMax);
      return this.#keys.info(await this.#inner.copy(innerFrom, innerTo, options));
    });
  }

  get [PARTS](): PartTarget | undefined {
    const inner = partTargetOf(this.#inner);
    if (inner === undefined) return undefined;
    const keys = this.#keys;
    const within = ({ key, id }: PartedObject): PartedObject => ({ key: keys.prefix + key, id });
    return {
      concurrency: inner.concurrency,
      partSize: (size, wanted) => inner.partSize(size, wanted),
      begin: (key, options) =>
        keys.call(async () => {
          const { id } = await inner.begin(keys.in(key, 'put', this.#keyBytesMax), options);
          return { key, id };
        }),
      list: (object, options) => keys.call(() => inner.list(within(object), options)),
      send: (object, number, bytes, options) =>
        keys.call(() => inner.send(within(object), number, bytes, options)),
      complete: (object, parts, options) =>
        keys.call(async () => keys.info(await inner.complete(within(object), parts, options))),
      abort: (object) => inner.abort(within(object)),
      unfinished: (options) => this.#uploads(options, (below) => inner.unfinished(below)),
    };
  }

  get [CHECKSUMS](): KeepsChecksums[typeof CHECKSUMS] {
    const ask = checksumsOf(this.#inner);
    if (ask === undefined) return undefined;
    return (key, options) =>
      this.#keys.call(async () => {
        const known = await ask(this.#keys.in(key, 'get', this.#keyBytesMax), options);
        return { ...known, info: this.#keys.info(known.info) };
      });
  }

  upload(key: string, options?: UploadOptions): Promise<Upload> {
    return this.#keys.call(async () => {
      const inner = this.#keys.in(key, 'upload', this.#keyBytesMax);
      return new PrefixUpload(await this.#inner.upload(inner, options), this.#keys);
    });
  }

  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    return this.#keys.call(async () => {
      const inner = this.#keys.in(key, 'openUpload', this.#keyBytesMax);
      return new PrefixUploadReader(await this.#inner.openUpload(inner, id, options), this.#keys);
    });
  }

  listUploads(options: ListUploadsOptions = {}): AsyncIterable<UploadListEntry> {
    return this.#uploads(options, (below) => this.#inner.listUploads(below));
  }

  async *#uploads(
    options: ListUploadsOptions,
    list: (options: ListUploadsOptions) => AsyncIterable<UploadListEntry>,
  ): AsyncGenerator<UploadListEntry> {
    const prefix = this.#keys.prefix + (options.prefix ?? '');
    for await (const entry of this.#keys.each(list({ ...options, prefix }))) {
      const key = this.#keys.out(entry.key);
      if (key !== '' && !key.startsWith(RESERVED_PREFIX)) yield { ...entry, key };
    }
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#keys.call(async () =>
      this.#inner.presign(this.#keys.in(key, 'presign', this.#keyBytesMax), options),
    );
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `prefix(${JSON.stringify(this.#keys.prefix)}, ${this.#inner.toString()})`;
  }

  get #keyBytesMax(): number {
    return this.#inner.capabilities.keyBytesMax - this.#prefixBytes;
  }

  /** Keys for the store behind; those that are none are put aside with their error. */
  async *#innerKeys(keys: AsyncIterable<string>, refused: DeleteResult[]): AsyncGenerator<string> {
    for await (const key of keys) {
      try {
        checkKey(key, 'delete', this.#keyBytesMax);
      } catch (error) {
        if (!isStoreError(error)) throw error;
        refused.push({ key, error });
        continue;
      }
      yield this.#keys.prefix + key;
    }
  }
}
