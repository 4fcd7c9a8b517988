/** A store in memory that fails as a test has planned: before it acts, after it has acted, in the middle, or by saying nothing. */

import { MemoryStore } from '../backends/memory/memory-store.ts';
import type { Body } from '../body.ts';
import { abortedError, isStoreError, StoreError } from '../errors.ts';
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
  PutOptions,
  ReadIntoOptions,
  ReadTarget,
  UploadOptions,
} from '../object-store.ts';
import { objectRead } from '../object-read.ts';
import type { CompleteOptions, FollowOptions, Upload, UploadListEntry, UploadReader } from '../upload.ts';

/**
 * `before`: fails and has done nothing. `after`: has done it, and the answer is lost. `hang`: nothing until the signal
 * fires. A number: fails when so many items (bytes of a body, entries, results) were given; negative: ends there as if that
 * were all. `stallAfter`: a body gives so many bytes and then nothing until the signal fires. An error: thrown as it is.
 */
export type Fault =
  | 'ok'
  | 'before'
  | 'after'
  | 'hang'
  | number
  | { readonly stallAfter: number }
  | StoreError;

type Name =
  | 'put'
  | 'get'
  | 'readInto'
  | 'list'
  | 'delete'
  | 'copy'
  | 'upload'
  | 'openUpload'
  | 'listUploads'
  | 'write'
  | 'flush'
  | 'complete'
  | 'abort'
  | 'refresh'
  | 'read'
  | 'follow';

export function unavailable(retryAfterMs?: number): StoreError {
  return new StoreError('Unavailable', 'planned', { retryAfterMs });
}

export class FaultyStore extends MemoryStore {
  /** for each call the faults of its first, second … time; none after those */
  readonly plan: Partial<Record<Name, Fault[]>>;
  /** what was called, with what it was given */
  readonly calls: { readonly name: Name; readonly options: unknown }[] = [];

  constructor(plan: Partial<Record<Name, Fault[]>> = {}) {
    super();
    this.plan = plan;
  }

  optionsOf(name: Name): unknown[] {
    return this.calls.filter((call) => call.name === name).map(({ options }) => options);
  }

  override put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    return this.act('put', options, () => super.put(key, body, options));
  }

  override async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const fault = this.plan.get?.[0];
    const read = await this.act('get', options, () => super.get(key, options), typeof fault === 'number');
    if (!isOfBody(fault) || options.head === true) return read;
    return objectRead(read.info, read.range, cutBytes(read.body, fault, options.signal), () => read.close());
  }

  override readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    return this.act('readInto', options, () => super.readInto(key, targets, options));
  }

  override async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    yield* this.#each('list', options, super.list(options));
  }

  override async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    const fault = this.plan.delete?.[0];
    if (!isStoreError(fault)) {
      yield* this.#each('delete', options, super.delete(keys, options));
      return;
    }
    this.plan.delete?.shift();
    this.calls.push({ name: 'delete', options });
    for await (const key of keys) yield { key, error: fault };
  }

  override copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    return this.act('copy', options, () => super.copy(from, to, options));
  }

  override async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    const upload = await this.act('upload', options, () => super.upload(key, options));
    return new FaultyUpload(this, upload);
  }

  override async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    const reader = await this.act('openUpload', options, () => super.openUpload(key, id, options));
    return {
      key,
      id: reader.id,
      partSize: reader.partSize,
      get committed() {
        return reader.committed;
      },
      refresh: (given) => this.act('refresh', given, () => reader.refresh(given)),
      read: (range, given) => this.#bytes('read', given ?? {}, reader.read(range, given)),
      follow: (given: FollowOptions = {}) => this.#bytes('follow', given, reader.follow(given)),
      close: () => reader.close(),
      [Symbol.asyncDispose]: () => reader.close(),
    };
  }

  override async *listUploads(options: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    yield* this.#each('listUploads', options, super.listUploads(options));
  }

  /** One call, with the fault that is next. */
  async act<T>(name: Name, options: unknown, act: () => Promise<T>, inBody = false): Promise<T> {
    this.calls.push({ name, options });
    const fault = this.plan[name]?.shift() ?? 'ok';
    if (isStoreError(fault)) throw fault;
    if (fault === 'hang') await hang((options as CallOptions | undefined)?.signal);
    if (fault === 'before' || (typeof fault === 'number' && !inBody)) throw unavailable();
    const result = await act();
    if (fault === 'after') throw unavailable();
    return result;
  }

  async *#each<T>(name: Name, options: CallOptions, items: AsyncIterable<T>): AsyncGenerator<T> {
    const fault = this.plan[name]?.[0];
    await this.act(name, options, () => Promise.resolve(), typeof fault === 'number');
    let left = typeof fault === 'number' ? Math.abs(fault) : Number.POSITIVE_INFINITY;
    for await (const item of items) {
      if (left-- === 0) break;
      yield item;
    }
    if (typeof fault === 'number' && fault >= 0) throw unavailable();
  }

  async *#bytes(
    name: Name,
    options: CallOptions,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const fault = this.plan[name]?.[0];
    await this.act(name, options, () => Promise.resolve(), typeof fault === 'number');
    yield* isOfBody(fault) ? cutBytes(chunks, fault, options.signal) : chunks;
  }
}

/** A writer that, once it has failed, fails for good: as one whose part could not be written. */
class FaultyUpload implements Upload {
  readonly #store: FaultyStore;
  readonly #inner: Upload;
  #broken: unknown;

  constructor(store: FaultyStore, inner: Upload) {
    this.#store = store;
    this.#inner = inner;
  }

  get key(): string {
    return this.#inner.key;
  }

  get id(): string {
    return this.#inner.id;
  }

  get partSize(): number {
    return this.#inner.partSize;
  }

  get committed(): number {
    return this.#inner.committed;
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return this.#act('write', undefined, () => this.#inner.write(bytes));
  }

  writeAll(body: Body, options?: CallOptions): Promise<void> {
    return this.#act('write', options, () => this.#inner.writeAll(body, options));
  }

  flush(options?: CallOptions): Promise<number> {
    return this.#act('flush', options, () => this.#inner.flush(options));
  }

  complete(options?: CompleteOptions): Promise<ObjectInfo> {
    return this.#act('complete', options, () => this.#inner.complete(options));
  }

  abort(): Promise<void> {
    return this.#store.act('abort', undefined, () => this.#inner.abort());
  }

  detach(): Promise<void> {
    return this.#inner.detach();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  async #act<T>(name: Name, options: CallOptions | undefined, act: () => Promise<T>): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken as StoreError;
    try {
      return await this.#store.act(name, options, act);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }
}

type BodyFault = number | { readonly stallAfter: number };

function isOfBody(fault: Fault | undefined): fault is BodyFault {
  return typeof fault === 'number' || (typeof fault === 'object' && 'stallAfter' in fault);
}

async function* cutBytes(
  chunks: AsyncIterable<Uint8Array>,
  fault: BodyFault,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let left = typeof fault === 'number' ? Math.abs(fault) : fault.stallAfter;
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    if (part.byteLength > 0) yield part;
    if (left === 0) break;
  }
  if (typeof fault !== 'number') await hang(signal);
  else if (fault >= 0) throw unavailable();
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(abortedError(signal, 'get'));
    });
  });
}
