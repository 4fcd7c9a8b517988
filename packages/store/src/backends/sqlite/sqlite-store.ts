/**
 * A store in one SQLite file. What is decided is decided in the transaction that publishes, also against other processes.
 * SQLite's calls are synchronous: each is kept short, and what waits is written together.
 */

import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { toAttributes } from '../../attributes.ts';
import { announcedSize, openExact, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions, notFound } from '../../conditions.ts';
import { StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { heldRead } from '../../held-read.ts';
import { checkKey, eachKey } from '../../keys.ts';
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
import { checkTargets, fitTargets } from '../../read-targets.ts';
import { sliceBytes, toSlices } from '../../slices.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { CommitQueue } from './commit-queue.ts';
import { readContent } from './content-reader.ts';
import { ContentWriter, SLICE_BYTES } from './content-writer.ts';
import { Contents } from './contents.ts';
import { openDatabase } from './database.ts';
import { deleteStream } from './delete-stream.ts';
import { listObjects } from './listing.ts';
import { fromSqlite } from './sqlite-errors.ts';
import { prepareStatements, toInfo } from './statements.ts';
import type { ObjectRow } from './statements.ts';
import { Sweeper } from './sweeper.ts';
import { SqliteUploads } from './uploads.ts';
import type { UploadContext } from './uploads.ts';
import { UploadWatchers } from './upload-watchers.ts';

export interface SqliteOptions {
  /** How long a write waits for other processes before it is `Unavailable`: milliseconds, 5,000 when left out. */
  readonly busyTimeoutMs?: number | undefined;
  /**
   * How long what was replaced or deleted can still be read by those who had begun: milliseconds, 60,000 when left out.
   * Readers ask for as long again while they read; one of another process that stands still for longer gets `Conflict`.
   */
  readonly graceMs?: number | undefined;
}

const BUSY_TIMEOUT_MS = 5000;
const GRACE_MS = 60_000;
/** A put that has not written for so long has lost what it wrote. */
const WRITE_GRACE_MS = 3_600_000;

const MEMORY = ':memory:';

const CAPABILITIES: Capabilities = {
  write: true,
  create: true,
  ifMatch: true,
  attributes: true,
  versions: false,
  durable: true,
  list: true,
  serverSideCopy: true,
  uploads: true,
  serverSideComplete: true,
  presign: false,
  keyBytesMax: 1024,
  objectBytesMax: 5 * 2 ** 40,
  metadataBytesMax: 2048,
  partBytesMin: 1,
};

export class SqliteStore implements ObjectStore {
  readonly capabilities: Capabilities;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #context: UploadContext;
  readonly #uploads: SqliteUploads;
  #closing: Promise<void> | undefined;

  constructor(path: string, options: SqliteOptions = {}) {
    const { busyTimeoutMs = BUSY_TIMEOUT_MS, graceMs = GRACE_MS } = options;
    this.#path = path;
    this.capabilities = path === MEMORY ? { ...CAPABILITIES, durable: false } : CAPABILITIES;
    this.#db = openDatabase(path);
    const sql = prepareStatements(this.#db);
    const queue = new CommitQueue(this.#db, path, busyTimeoutMs);
    const sweeper = new Sweeper(sql, queue, graceMs);
    this.#context = {
      sql,
      queue,
      sweeper,
      path,
      graceMs,
      contents: new Contents(
        sql,
        { readMs: graceMs, writeMs: WRITE_GRACE_MS },
        (atMs) => sweeper.schedule(atMs),
        newStates(),
      ),
      watchers: new UploadWatchers(),
      checkOpen: (operation) => this.#checkOpen(operation),
    };
    this.#uploads = new SqliteUploads(this.#context);
    sweeper.scheduleNext();
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const { mode, signal } = options;
    this.#check('put', key, signal);
    const attributes = toAttributes(options.attributes, 'put', key, CAPABILITIES.metadataBytesMax);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    if ((size ?? 0) > CAPABILITIES.objectBytesMax) throw tooLarge(key);
    const slices =
      source.bytes === undefined
        ? toSlices(this.#watch(openExact(source, size), key, signal), SLICE_BYTES)
        : sliceBytes(source.bytes, SLICE_BYTES);
    const { contents } = this.#context;
    return new ContentWriter(this.#context, key, signal).write(
      slices,
      () => contents.checkMode(key, mode, 'put'),
      (content, written, old) => contents.publish({ key, content, size: written, attributes, old }),
    );
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    if (options.head === true) return Promise.resolve(headRead(toInfo(this.#find('get', key, options))));
    this.#checkRead('get', key, options);
    const row = this.#ask('get', key, () => this.#context.sql.read(key));
    if (row === undefined) throw notFound('get', key);
    checkGetConditions(options, row.etag, 'get', key);
    const range = resolveRange(options.range, row.size, key);
    if (row.size > 0 && (row.bytes === null || row.bytes.byteLength < row.size)) {
      const { sweeper } = this.#context;
      const reader = { operation: 'get', key, signal: options.signal } as const;
      const body = readContent(this.#context, row, range.start, range.end, reader);
      sweeper.hold(row.content);
      return heldRead(toInfo(row), range, body, () => sweeper.release(row.content));
    }
    const bytes = row.bytes ?? new Uint8Array(0);
    return objectRead(
      toInfo(row),
      range,
      oneChunk(bytes.subarray(range.start, range.end), options.signal, key),
    );
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    checkTargets(targets, options, key);
    this.#checkRead('readInto', key, options);
    const row = this.#ask('readInto', key, () => this.#context.sql.read(key));
    if (row === undefined) throw notFound('readInto', key);
    checkGetConditions(options, row.etag, 'readInto', key);
    const fitted = fitTargets(targets, options, row.size, key);
    if (row.bytes !== null && row.bytes.byteLength >= row.size) {
      for (const { start, into } of fitted) into.set(row.bytes.subarray(start, start + into.byteLength));
      return toInfo(row);
    }
    // From now to the end, whatever the order of the targets.
    this.#context.sweeper.hold(row.content);
    try {
      for (const { start, into } of fitted) {
        let filled = 0;
        const reader = { operation: 'readInto', key, signal: options.signal } as const;
        for await (const chunk of readContent(this.#context, row, start, start + into.byteLength, reader)) {
          into.set(chunk, filled);
          filled += chunk.byteLength;
        }
      }
    } finally {
      this.#context.sweeper.release(row.content);
    }
    return toInfo(row);
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    const { sql, path, checkOpen } = this.#context;
    return listObjects({ sql, path, checkOpen }, options);
  }

  delete(
    keys: Iterable<string> | AsyncIterable<string>,
    { signal }: CallOptions = {},
  ): AsyncIterable<DeleteResult> {
    return deleteStream(this.#watch(eachKey(keys), undefined, signal), async (key) => {
      this.#checkOpen('delete');
      checkKey(key, 'delete', CAPABILITIES.keyBytesMax);
      await this.#context.queue.add({ operation: 'delete', key }, () => this.#context.contents.remove(key));
    });
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    checkKey(to, 'copy', CAPABILITIES.keyBytesMax);
    this.#checkRead('copy', from, options);
    const { queue, contents } = this.#context;
    const replacing =
      options.attributes === undefined
        ? undefined
        : toAttributes(options.attributes, 'copy', to, CAPABILITIES.metadataBytesMax);
    return queue.add({ operation: 'copy', key: to }, () => {
      const row = this.#find('copy', from, options);
      const old = contents.checkMode(to, options.mode, 'copy');
      const attributes = replacing ?? toInfo(row).attributes;
      return contents.share({ key: to, content: row.content, size: row.size, attributes, old });
    });
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#check('upload', key, options.signal);
    const attributes = toAttributes(options.attributes, 'upload', key, CAPABILITIES.metadataBytesMax);
    return this.#uploads.upload(key, attributes, options);
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    this.#check('openUpload', key, options.signal);
    return Promise.resolve(this.#ask('openUpload', key, () => this.#uploads.open(key, id)));
  }

  async *listUploads({ prefix = '', signal }: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkOpen('listUploads');
    for (const entry of this.#uploads.list(prefix)) {
      yield await Promise.resolve(entry);
      throwIfAborted(signal, 'listUploads');
      this.#checkOpen('listUploads');
    }
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs', key));
  }

  /** What is being written is written; the last process to close brings the log into the file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `sqlite(${JSON.stringify(this.#path)})`;
  }

  async #close(): Promise<void> {
    this.#context.sweeper.stop();
    this.#context.watchers.wakeAll();
    await this.#context.queue.drain();
    try {
      this.#db.close();
    } catch (error) {
      throw fromSqlite(error, this.#path, 'close');
    }
  }

  #find(
    operation: StoreOperation,
    key: string,
    options: Pick<GetOptions, 'signal' | 'version' | 'ifMatch' | 'ifNoneMatch'>,
  ): ObjectRow {
    this.#checkRead(operation, key, options);
    const row = this.#ask(operation, key, () => this.#context.sql.object(key));
    if (row === undefined) throw notFound(operation, key);
    checkGetConditions(options, row.etag, operation, key);
    return row;
  }

  #ask<T>(operation: StoreOperation, key: string, query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw fromSqlite(error, this.#path, operation, key);
    }
  }

  async *#watch<T>(
    items: AsyncIterable<T>,
    putKey: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T> {
    const operation = putKey === undefined ? 'delete' : 'put';
    for await (const item of items) {
      this.#checkOpen(operation);
      throwIfAborted(signal, operation, putKey);
      yield item;
    }
  }

  #checkRead(
    operation: StoreOperation,
    key: string,
    { signal, version }: Pick<GetOptions, 'signal' | 'version'>,
  ): void {
    this.#check(operation, key, signal);
    if (version !== undefined) throw unsupported(this, operation, 'keep versions', key);
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkKey(key, operation, CAPABILITIES.keyBytesMax);
    throwIfAborted(signal, operation, key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closing !== undefined) {
      throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
    }
  }
}

/** Etags that no other opening of the file gives, also of a copy of it that went its own way. */
function newStates(): () => string {
  const opening = randomBytes(8).toString('hex');
  let states = 0;
  return () => `${opening}-${(++states).toString(36)}`;
}

async function* oneChunk(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  key: string,
): AsyncGenerator<Uint8Array> {
  throwIfAborted(signal, 'get', key);
  if (bytes.byteLength > 0) yield await Promise.resolve(bytes);
}

function tooLarge(key: string): StoreError {
  return new StoreError('TooLarge', `An object has ${CAPABILITIES.objectBytesMax} bytes at most`, {
    operation: 'put',
    key,
  });
}
