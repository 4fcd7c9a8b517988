/** A store whose calls hooks are told of: see observe.ts. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
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
import { aroundParts, PARTS } from '../../transfers/part-target.ts';
import type { PartCall, PartTarget } from '../../transfers/part-target.ts';
import { CLEAN_UPLOADS, cleanerOf } from '../../uploads/clean-uploads.ts';
import type { CleansUploads } from '../../uploads/clean-uploads.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { countBytes, ObserveUpload, ObserveUploadReader } from './observe-uploads.ts';
import type { ObservedOperation, Observation, Observer } from './observer.ts';

export class ObserveStore implements ObjectStore {
  readonly #observer: Observer;
  readonly #inner: ObjectStore;

  constructor(observer: Observer, inner: ObjectStore) {
    this.#observer = observer;
    this.#inner = inner;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo> {
    return this.#observer.call({ operation: 'put', key }, async (observation) =>
      this.#inner.put(key, observation.source(toSource(body)), options),
    );
  }

  async get(key: string, options?: GetOptions): Promise<ObjectRead> {
    const observation = this.#observer.begin({ operation: 'get', key });
    let read: ObjectRead;
    try {
      read = await this.#inner.get(key, options);
    } catch (error) {
      observation.fail(error);
      throw error;
    }
    if (options?.head === true) {
      observation.end();
      return read;
    }
    return objectRead(read.info, read.range, bodyOf(read, observation), async () => {
      observation.end();
      await read.close();
    });
  }

  readInto(key: string, targets: readonly ReadTarget[], options?: ReadIntoOptions): Promise<ObjectInfo> {
    return this.#observer.call({ operation: 'readInto', key }, async (observation) => {
      const info = await this.#inner.readInto(key, targets, options);
      observation.bytes =
        options?.whole === true ? info.size : targets.reduce((sum, { into }) => sum + into.byteLength, 0);
      return info;
    });
  }

  list(options?: ListOptions): AsyncIterable<ListEntry> {
    return this.#observer.each({ operation: 'list' }, this.#inner.list(options), countItem);
  }

  delete(keys: Iterable<string> | AsyncIterable<string>, options?: CallOptions): AsyncIterable<DeleteResult> {
    return this.#observer.each(
      { operation: 'delete' },
      this.#inner.delete(keys, options),
      (observation, { error }) => {
        observation.items++;
        if (error !== undefined) observation.failed++;
      },
    );
  }

  copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo> {
    return this.#observer.call({ operation: 'copy', key: to, from }, () =>
      this.#inner.copy(from, to, options),
    );
  }

  /** For copies between stores of one service: what is copied is where it is, and copies are told of. */
  get [COPY_ORIGIN](): CopyOrigin {
    return copyOrigin(this.#inner);
  }

  [COPY_FROM](source: ObjectStore): CopyBetween | undefined {
    const copy = copyFrom(this.#inner, source);
    if (copy === undefined) return undefined;
    return (from, to, options) =>
      this.#observer.call({ operation: 'copy', key: to, from }, () => copy(from, to, options));
  }

  /** The cleaner of what is observed, if it has one. */
  get [CLEAN_UPLOADS](): CleansUploads[typeof CLEAN_UPLOADS] | undefined {
    return cleanerOf(this.#inner);
  }

  /** Told of as the calls of an upload. */
  get [PARTS](): PartTarget | undefined {
    return aroundParts(this.#inner, ({ operation, key, bytes, signal }, act) =>
      this.#observer.call({ operation: PART_CALLS[operation], key }, async (observation) => {
        const done = await act(signal);
        observation.bytes = bytes;
        return done;
      }),
    );
  }

  get [CHECKSUMS](): KeepsChecksums[typeof CHECKSUMS] {
    const ask = checksumsOf(this.#inner);
    if (ask === undefined) return undefined;
    return (key, options) => this.#observer.call({ operation: 'get', key }, () => ask(key, options));
  }

  async upload(key: string, options?: UploadOptions): Promise<Upload> {
    const upload = await this.#observer.call({ operation: 'upload', key }, () =>
      this.#inner.upload(key, options),
    );
    return new ObserveUpload(upload, this.#observer);
  }

  async openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader> {
    const reader = await this.#observer.call({ operation: 'openUpload', key }, () =>
      this.#inner.openUpload(key, id, options),
    );
    return new ObserveUploadReader(reader, this.#observer);
  }

  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return this.#observer.each({ operation: 'listUploads' }, this.#inner.listUploads(options), countItem);
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#observer.call({ operation: 'presign', key }, () => this.#inner.presign(key, options));
  }

  close(): Promise<void> {
    return this.#observer.call({ operation: 'close' }, () => this.#inner.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `observe(${this.#inner.toString()})`;
  }
}

const PART_CALLS: Readonly<Record<PartCall['operation'], ObservedOperation>> = {
  begin: 'upload',
  list: 'openUpload',
  send: 'upload.write',
  complete: 'upload.complete',
};

async function* bodyOf(read: ObjectRead, observation: Observation): AsyncGenerator<Uint8Array> {
  try {
    yield* observation.watch(read.body, countBytes);
  } finally {
    observation.end();
  }
}

function countItem(observation: Observation): void {
  observation.items++;
}
