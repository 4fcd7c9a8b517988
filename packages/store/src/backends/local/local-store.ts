/**
 * A store in a folder as other programs see it: files, and nothing else. No attributes, nothing of its own beside
 * what is being written. It asks the system in the thread itself where that is faster: see small-file.ts and local-walk.ts.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  futimesSync,
  lstatSync,
  openSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasAttributes, toAttributes } from '../../attributes.ts';
import { announcedSize, bytesSource, openExact, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions, notFound } from '../../conditions.ts';
import { isStoreError, StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey, eachKey } from '../../keys.ts';
import { eachEntry, LIST_PAGES } from '../../list-pages.ts';
import type { ListsPages } from '../../list-pages.ts';
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
import { discard } from '../../transfers/local-file.ts';
import { LOCAL_FILE } from '../../transfers/local-target.ts';
import type { HasLocalFiles } from '../../transfers/local-target.ts';
import { checkTargets, fitTargets } from '../../read-targets.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { stateOf, uniqueTimeUs } from '../files/file-state.ts';
import { errnoOf } from '../files/file-system.ts';
import type { KeyPaths } from '../files/key-paths.ts';
import { OpenFile } from '../files/open-file.ts';
import { firstWanted, rollUp } from '../files/roll-up.ts';
import type { Seek } from '../files/roll-up.ts';
import { writeAll } from '../files/staging.ts';
import { mapped, toStoreError } from '../files/system-errors.ts';
import { LocalFiles } from './local-files.ts';
import { localPages } from './local-walk.ts';
import { readFlags, readSmallFile, SMALL_BYTES } from './small-file.ts';
import type { Skipped } from './skipped.ts';

const CAPABILITIES: Capabilities = {
  write: true,
  create: true,
  ifMatch: false,
  attributes: false,
  versions: false,
  durable: false,
  list: true,
  serverSideCopy: true,
  uploads: false,
  serverSideComplete: false,
  presign: false,
  keyBytesMax: 1024,
  objectBytesMax: Number.MAX_SAFE_INTEGER,
  metadataBytesMax: 0,
  partBytesMin: 1,
};

const NONE: Attributes = Object.freeze({});

export interface LocalStoreOptions {
  /** absolute, as the caller names it */
  readonly root: string;
  readonly paths: KeyPaths;
  readonly follow: boolean;
  readonly durable: boolean;
  readonly onSkipped: Skipped | undefined;
}

export class LocalStore implements ObjectStore, HasLocalFiles, ListsPages {
  readonly capabilities: Capabilities;
  readonly #options: LocalStoreOptions;
  readonly #files: LocalFiles;
  #closed = false;

  constructor(options: LocalStoreOptions) {
    this.#options = options;
    this.#files = new LocalFiles(options);
    this.capabilities = { ...CAPABILITIES, durable: options.durable };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#check('put', key, options.signal);
    this.#checkMode(options.mode, 'put', key);
    this.#checkAttributes(options.attributes, 'put', key);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    const { bytes } = source;
    const isSmall = bytes !== undefined && bytes.byteLength <= SMALL_BYTES;
    const chunks = isSmall ? undefined : openExact(source, size);
    return this.#write('put', key, options.mode, async (path) => {
      if (chunks === undefined)
        return mapped('put', key, async () => this.#fillSmall(path, bytes as Uint8Array));
      const handle = await mapped('put', key, () => open(path, 'wx'));
      try {
        let position = 0;
        for await (const chunk of chunks) {
          throwIfAborted(options.signal, 'put', key);
          const at = position;
          await mapped('put', key, () => writeAll(handle, chunk, at));
          position += chunk.byteLength;
        }
        throwIfAborted(options.signal, 'put', key);
        return await mapped('put', key, () => this.#seal(handle));
      } finally {
        await handle.close();
      }
    });
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    this.#checkRead('get', key, options);
    if (options.head === true) {
      const { stats } = this.#find('get', key, (path) => ({ stats: this.#look(path) }));
      return headRead(this.#describe(key, stats, 'get', options));
    }
    if (options.range === undefined) {
      const { stats, bytes } = this.#find('get', key, (path) => readSmallFile(path, this.#options.follow));
      if (bytes !== undefined) {
        const info = this.#describe(key, stats, 'get', options);
        return objectRead(info, { start: 0, end: info.size }, bytesSource(bytes).open());
      }
    }
    const file = await this.#open('get', key, options);
    try {
      const range = resolveRange(options.range, file.info.size, key);
      const body = file.chunks(range, options.signal);
      return objectRead(file.info, range, body, async () => {
        await body.return(undefined);
        await file.close();
      });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    checkTargets(targets, options, key);
    this.#checkRead('readInto', key, options);
    const file = await this.#open('readInto', key, options);
    try {
      await file.readInto(fitTargets(targets, options, file.info.size, key), options);
      return file.info;
    } finally {
      await file.close();
    }
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return eachEntry(this[LIST_PAGES](options), options.signal);
  }

  async *[LIST_PAGES](options: ListOptions): AsyncGenerator<readonly ListEntry[]> {
    const { prefix = '', startAfter, delimiter = '', signal } = options;
    this.#checkOpen('list');
    throwIfAborted(signal, 'list');
    try {
      if (delimiter === '') {
        yield* this.#pages(prefix, firstWanted(prefix, startAfter), signal, true);
        return;
      }
      const walk = (from: string, seek: Seek): AsyncIterable<ListedObject> => this.#walk(from, seek, signal);
      for await (const entry of rollUp(options, walk)) yield [entry];
    } catch (error) {
      throw toStoreError(error, 'list');
    }
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    for await (const key of eachKey(keys)) {
      throwIfAborted(options.signal, 'delete');
      try {
        this.#check('delete', key, undefined);
        await this.#files.remove(key);
        yield { key };
      } catch (thrown) {
        const error = toStoreError(thrown, 'delete', key);
        if (!isStoreError(error)) throw error;
        yield { key, error };
      }
    }
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#check('copy', to, options.signal);
    this.#checkMode(options.mode, 'copy', to);
    this.#checkAttributes(options.attributes, 'copy', to);
    this.#checkRead('copy', from, options);
    const found = this.#find('copy', from, (path) => ({ path, stats: this.#look(path) }));
    const { etag } = this.#describe(from, found.stats, 'copy', options);
    return this.#write('copy', to, options.mode, (path) =>
      mapped('copy', to, async () => {
        await copyFile(found.path, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        if (stateOf(this.#look(found.path)).etag !== etag) {
          throw new StoreError('Conflict', `${from} was changed while it was copied: copy it again`, {
            operation: 'copy',
            key: from,
          });
        }
        // What is read-only can be copied, and given its time, too.
        const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r');
        try {
          return await this.#seal(handle);
        } finally {
          await handle.close();
        }
      }),
    );
  }

  async [LOCAL_FILE](key: string, isLikely = false): Promise<string> {
    this.#check('put', key, undefined);
    const likely = isLikely ? this.#files.likelyPlaceFor(key, 'put') : undefined;
    return likely ?? mapped('put', key, async () => this.#files.placeFor(key, 'put'));
  }

  upload(key: string, _options?: UploadOptions): Promise<Upload> {
    return Promise.reject(unsupported(this, 'upload', 'keep uploads', key));
  }

  openUpload(key: string, _id?: string, _options?: CallOptions): Promise<UploadReader> {
    return Promise.reject(unsupported(this, 'openUpload', 'keep uploads', key));
  }

  // oxlint-disable-next-line require-yield
  async *listUploads(_options?: ListUploadsOptions): AsyncGenerator<UploadListEntry> {
    throw unsupported(this, 'listUploads', 'keep uploads');
  }

  presign(key: string, _options?: PresignOptions): Promise<string> {
    return Promise.reject(unsupported(this, 'presign', 'make URLs', key));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `local(${JSON.stringify(this.#options.root)})`;
  }

  /** Has a file written beside the place of `key` and puts it there. What fails leaves nothing. */
  async #write(
    operation: StoreOperation,
    key: string,
    mode: PutMode | undefined,
    fill: (path: string) => Promise<BigIntStats>,
  ): Promise<ObjectInfo> {
    const begun = await mapped(operation, key, async () => this.#files.newPartial(key, operation));
    try {
      const stats = await fill(begun.path);
      await mapped(operation, key, () => this.#files.place(begun, key, mode, operation));
      return infoOf(key, stats);
    } catch (error) {
      discard(begun.path);
      this.#files.pruneAbove(begun.path);
      throw error;
    }
  }

  #fillSmall(path: string, bytes: Uint8Array): BigIntStats {
    const fd = openSync(path, 'wx');
    try {
      for (let written = 0; written < bytes.byteLength;) {
        written += writeSync(fd, bytes, written, bytes.byteLength - written, written);
      }
      const seconds = uniqueTimeUs() / 1_000_000;
      futimesSync(fd, seconds, seconds);
      const stats = fstatSync(fd, { bigint: true });
      if (this.#options.durable) fsyncSync(fd);
      return stats;
    } finally {
      closeSync(fd);
    }
  }

  async #seal(handle: FileHandle): Promise<BigIntStats> {
    const seconds = uniqueTimeUs() / 1_000_000;
    await handle.utimes(seconds, seconds);
    const stats = await handle.stat({ bigint: true });
    if (this.#options.durable) await handle.sync();
    return stats;
  }

  #pages(
    prefix: string,
    seek: Seek,
    signal: AbortSignal | undefined,
    isDeep: boolean,
  ): AsyncGenerator<ListedObject[]> {
    const { root, paths, follow, onSkipped } = this.#options;
    return localPages({ root, paths, follow, onSkipped, isDeep, prefix, seek, signal });
  }

  async *#walk(prefix: string, seek: Seek, signal: AbortSignal | undefined): AsyncGenerator<ListedObject> {
    for await (const page of this.#pages(prefix, seek, signal, false))
      for (const object of page) yield object;
  }

  /** What `look` finds in the first place of `key`, or in the second. @throws {StoreError} `NotFound`, and the system's as such */
  #find<T extends { readonly stats: BigIntStats }>(
    operation: StoreOperation,
    key: string,
    look: (path: string) => T,
  ): T {
    for (const path of this.#placesOf(key, operation)) {
      try {
        const found = look(path);
        if (found.stats.isFile()) return found;
      } catch (error) {
        if (!MISSING.has(errnoOf(error) ?? '')) throw toStoreError(error, operation, key);
      }
    }
    throw notFound(operation, key);
  }

  async #open(
    operation: StoreOperation,
    key: string,
    options: Pick<GetOptions, 'ifMatch' | 'ifNoneMatch'>,
  ): Promise<OpenFile> {
    for (const path of this.#placesOf(key, operation)) {
      let handle: FileHandle;
      try {
        handle = await open(path, readFlags(this.#options.follow));
      } catch (error) {
        if (MISSING.has(errnoOf(error) ?? '')) continue;
        throw toStoreError(error, operation, key);
      }
      try {
        const stats = await mapped(operation, key, () => handle.stat({ bigint: true }));
        if (stats.isFile()) {
          const info = this.#describe(key, stats, operation, options);
          return new OpenFile({ handle, path, info, state: stateOf(stats), start: 0 });
        }
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
    }
    throw notFound(operation, key);
  }

  #placesOf(key: string, operation: StoreOperation): readonly string[] {
    try {
      return this.#files.places(key, operation);
    } catch (error) {
      throw toStoreError(error, operation, key);
    }
  }

  #look(path: string): BigIntStats {
    const stats = (this.#options.follow ? statSync : lstatSync)(path, { bigint: true });
    if (!stats.isSymbolicLink()) return stats;
    throw new StoreError('PermissionDenied', `${path} is a symbolic link, and links are not followed`);
  }

  #describe(
    key: string,
    stats: BigIntStats,
    operation: StoreOperation,
    conditions: Pick<GetOptions, 'ifMatch' | 'ifNoneMatch'>,
  ): ObjectInfo {
    const info = infoOf(key, stats);
    checkGetConditions(conditions, info.etag, operation, key);
    return info;
  }

  #checkAttributes(given: Attributes | undefined, operation: StoreOperation, key: string): void {
    if (hasAttributes(toAttributes(given, operation, key, Number.MAX_SAFE_INTEGER))) {
      throw unsupported(this, operation, 'keep attributes', key);
    }
  }

  #checkMode(mode: PutMode | undefined, operation: StoreOperation, key: string): void {
    if (typeof mode !== 'object') return;
    throw unsupported(
      this,
      operation,
      'decide ifMatch atomically, since other programs may write there',
      key,
    );
  }

  #checkRead(operation: StoreOperation, key: string, options: Pick<GetOptions, 'signal' | 'version'>): void {
    this.#check(operation, key, options.signal);
    if (options.version !== undefined) throw unsupported(this, operation, 'keep versions', key);
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkKey(key, operation, this.capabilities.keyBytesMax);
    this.#files.checkKey(key, operation);
    throwIfAborted(signal, operation, key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }
}

/** Nothing is there, or nothing that is a file. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENXIO', 'ENAMETOOLONG']);

function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, ...stateOf(stats), attributes: NONE };
}
