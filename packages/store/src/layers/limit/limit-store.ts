/** A store that is asked no more than so much at once: see limit.ts. */

import { toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import { eachKey } from '../../keys.ts';
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
import { fitTargets } from '../../read-targets.ts';
import { COPY_FROM, COPY_ORIGIN, copyFrom, copyOrigin } from '../../sync/copy-origin.ts';
import type { CopyBetween, CopyOrigin } from '../../sync/copy-origin.ts';
import { CHECKSUMS, checksumsOf } from '../../transfers/known-checksums.ts';
import type { KeepsChecksums } from '../../transfers/known-checksums.ts';
import { aroundParts, PARTS } from '../../transfers/part-target.ts';
import type { PartTarget } from '../../transfers/part-target.ts';
import { CLEAN_UPLOADS, cleanerOf } from '../../uploads/clean-uploads.ts';
import type { CleansUploads } from '../../uploads/clean-uploads.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { piecesOf } from '../retry/repeated-read-into.ts';
import { LimitUpload, LimitUploadReader } from './limit-uploads.ts';
import type { Limits } from './limits.ts';
import type { Asker, Release } from './slots.ts';

/** Reads into memory that are larger are taken in pieces of this size, where bytes a second are limited. */
const PIECE_BYTES = 1024 * 1024;

export class LimitStore implements ObjectStore {
  readonly #limits: Limits;
  readonly #inner: ObjectStore;

  constructor(limits: Limits, inner: ObjectStore) {
    this.#limits = limits;
    this.#inner = inner;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const asker: Asker = { operation: 'put', key, signal: options.signal };
    const source = this.#limits.source(toSource(body), asker);
    return this.#limits.call(asker, () => this.#inner.put(key, source, options));
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const asker: Asker = { operation: 'get', key, signal: options.signal };
    const release = await this.#limits.acquire(asker);
    let read: ObjectRead;
    try {
      read = await this.#inner.get(key, options);
    } catch (error) {
      release();
      throw error;
    }
    if (options.head === true) {
      release();
      return read;
    }
    const close = async (): Promise<void> => {
      release();
      await read.close();
    };
    return objectRead(read.info, read.range, this.#held(read.body, asker, release), close);
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    const asker: Asker = { operation: 'readInto', key, signal: options.signal };
    const size = targets.reduce((sum, { into }) => sum + into.byteLength, 0);
    return this.#limits.call(asker, async () => {
      if (this.#limits.limitsBytes && size > PIECE_BYTES)
        return this.#readPieces(key, targets, options, asker);
      const info = await this.#inner.readInto(key, targets, options);
      await this.#limits.move(options.whole === true ? info.size : size, asker);
      return info;
    });
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return this.#limits.each(this.#inner.list(options), { operation: 'list', signal: options.signal });
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    const asker: Asker = { operation: 'delete', signal: options.signal };
    const place = this.#limits.place(asker);
    // The source may be a listing of this very store: no place is held while it is asked.
    async function* coming(): AsyncGenerator<string> {
      const source = eachKey(keys)[Symbol.asyncIterator]();
      try {
        for (;;) {
          place.letGo();
          const next = await source.next();
          await place.hold();
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await source.return(undefined);
      }
    }
    try {
      await place.hold();
      for await (const result of this.#inner.delete(coming(), options)) {
        place.letGo();
        yield result;
        await place.hold();
      }
    } finally {
      place.end();
    }
  }

  copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    const asker: Asker = { operation: 'copy', key: to, signal: options.signal };
    return this.#limits.call(asker, () => this.#inner.copy(from, to, options));
  }

  /** For copies between stores of one service: what is copied is where it is, and copies are as many as others. */
  get [COPY_ORIGIN](): CopyOrigin {
    return copyOrigin(this.#inner);
  }

  [COPY_FROM](source: ObjectStore): CopyBetween | undefined {
    const copy = copyFrom(this.#inner, source);
    if (copy === undefined) return undefined;
    return (from, to, options) =>
      this.#limits.call({ operation: 'copy', key: to, signal: options.signal }, () =>
        copy(from, to, options),
      );
  }

  /** The cleaner of what is limited, if it has one: one call for all that it does. */
  get [CLEAN_UPLOADS](): CleansUploads[typeof CLEAN_UPLOADS] | undefined {
    const clean = cleanerOf(this.#inner);
    if (clean === undefined) return undefined;
    return (options) =>
      this.#limits.call({ operation: 'listUploads', signal: options.signal }, () => clean(options));
  }

  /** Each part has a place, and moves when its bytes may. */
  get [PARTS](): PartTarget | undefined {
    return aroundParts(this.#inner, ({ key, bytes, signal }, act) => {
      const asker: Asker = { operation: 'put', key, signal };
      return this.#limits.call(asker, async () => {
        await this.#limits.move(bytes, asker);
        return act(signal);
      });
    });
  }

  get [CHECKSUMS](): KeepsChecksums[typeof CHECKSUMS] {
    const ask = checksumsOf(this.#inner);
    if (ask === undefined) return undefined;
    return (key, options) =>
      this.#limits.call({ operation: 'get', key, signal: options.signal }, () => ask(key, options));
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    const asker: Asker = { operation: 'upload', key, signal: options.signal };
    const upload = await this.#limits.call(asker, () => this.#inner.upload(key, options));
    return new LimitUpload(upload, this.#limits);
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    const asker: Asker = { operation: 'openUpload', key, signal: options.signal };
    const reader = await this.#limits.call(asker, () => this.#inner.openUpload(key, id, options));
    return new LimitUploadReader(reader, this.#limits);
  }

  listUploads(options: ListUploadsOptions = {}): AsyncIterable<UploadListEntry> {
    const asker: Asker = { operation: 'listUploads', signal: options.signal };
    return this.#limits.each(this.#inner.listUploads(options), asker);
  }

  presign(key: string, options?: PresignOptions): Promise<string> {
    return this.#inner.presign(key, options);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `limit(${this.#limits.label}, ${this.#inner.toString()})`;
  }

  async *#held(body: AsyncIterable<Uint8Array>, asker: Asker, release: Release): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#limits.chunks(body, asker);
    } finally {
      release();
    }
  }

  /** In pieces of one state of the object, so that the bytes do not come all at once. */
  async #readPieces(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions,
    asker: Asker,
  ): Promise<ObjectInfo> {
    const { ifMatch, version, signal } = options;
    const { info } = await this.#inner.get(key, { head: true, ifMatch, version, signal });
    for (const piece of piecesOf(fitTargets(targets, options, info.size, key), PIECE_BYTES)) {
      await this.#limits.move(
        piece.reduce((sum, { into }) => sum + into.byteLength, 0),
        asker,
      );
      try {
        await this.#inner.readInto(key, piece, { ...options, whole: false, ifMatch: info.etag });
      } catch (error) {
        if (!isStoreError(error, 'PreconditionFailed') && !isStoreError(error, 'NotFound')) throw error;
        throw new StoreError('Conflict', `${key} was changed while it was read`, {
          operation: 'readInto',
          key,
          cause: error,
        });
      }
    }
    return info;
  }
}
