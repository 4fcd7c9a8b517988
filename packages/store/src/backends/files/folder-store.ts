/** A store in a folder of this machine: what the kinds of it have in common. What differs is in the kind. */

import { openExact, announcedSize, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import { toAttributes, hasAttributes } from '../../attributes.ts';
import { resolveRange } from '../../byte-range.ts';
import type { Capabilities } from '../../capabilities.ts';
import { checkGetConditions, notFound } from '../../conditions.ts';
import { isStoreError, StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey, eachKey } from '../../keys.ts';
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
import { checkTargets, fitTargets } from '../../read-targets.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { openArea } from './area.ts';
import type { Area } from './area.ts';
import { inBatches } from './batches.ts';
import type { FileSystem } from './file-system.ts';
import { openObject } from './find-object.ts';
import { FolderUploads } from './folder-uploads.ts';
import type { Layout } from './layout.ts';
import type { OpenFile } from './open-file.ts';
import { placeObject, removeObject } from './place-object.ts';
import { rollUp } from './roll-up.ts';
import type { Seek } from './roll-up.ts';
import type { StagedFile } from './staging.ts';
import { mapped, toStoreError } from './system-errors.ts';

/** Keys that are deleted at the same time; they share the syncs of their folders. */
const DELETES = 32;

export interface WalkRequest {
  readonly prefix: string;
  readonly seek: Seek;
  readonly signal: AbortSignal | undefined;
}

export interface FolderKind {
  /** the name of the function that makes the store */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly layout: (area: Area) => Layout;
  /** the objects in order */
  readonly walk: (area: Area, request: WalkRequest) => AsyncIterable<ListedObject>;
  /** what every key has to be, beyond what all stores ask for */
  readonly checkKey?: ((key: string, operation: StoreOperation) => void) | undefined;
  /** passes a body on, and throws at its end when it is not that of the key */
  readonly checkBody?:
    | ((key: string, body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>)
    | undefined;
}

export interface FolderStoreOptions {
  readonly path: string;
  readonly kind: FolderKind;
  readonly fs: FileSystem;
  readonly durable: boolean;
}

interface Opened {
  readonly area: Area;
  readonly layout: Layout;
}

export class FolderStore implements ObjectStore {
  readonly capabilities: Capabilities;
  readonly #options: FolderStoreOptions;
  readonly #kind: FolderKind;
  #opened: Promise<Opened> | undefined;
  #closed = false;

  constructor(options: FolderStoreOptions) {
    this.#options = options;
    this.#kind = options.kind;
    this.capabilities = options.kind.capabilities;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#check('put', key, options.signal);
    this.#checkMode(options.mode, 'put', key);
    const attributes = this.#toAttributes(options.attributes, 'put', key);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    const chunks = openExact(source, size);
    const staged = await this.#stage('put', key, attributes);
    return this.#finish(staged, { operation: 'put', attributes, mode: options.mode }, async () => {
      await fill(staged, this.#kind.checkBody?.(key, chunks) ?? chunks, 'put', options.signal, key);
      return key;
    });
  }

  /**
   * A `put` for a kind whose keys follow from the bodies, and whose files have no headers.
   *
   * @param pass has a look at the bytes
   * @param name says the key when all have passed
   */
  async putNamed(
    body: Body,
    pass: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
    name: () => string,
    { mode, size, signal }: PutOptions = {},
  ): Promise<ObjectInfo> {
    this.#checkOpen('put');
    throwIfAborted(signal, 'put');
    this.#checkMode(mode, 'put');
    const source = toSource(body);
    const chunks = openExact(source, announcedSize(source, size));
    const staged = await this.#stage('put', '', {});
    return this.#finish(staged, { operation: 'put', attributes: {}, mode }, async () => {
      await fill(staged, pass(chunks), 'put', signal);
      return name();
    });
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    const file = await this.#find('get', key, options);
    try {
      if (options.head === true) {
        await file.close();
        return headRead(file.info);
      }
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
    const file = await this.#find('readInto', key, options);
    try {
      await file.readInto(fitTargets(targets, options, file.info.size, key), options);
      return file.info;
    } finally {
      await file.close();
    }
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    const { signal } = options;
    this.#checkOpen('list');
    throwIfAborted(signal, 'list');
    try {
      const { area } = await this.#open();
      yield* rollUp(options, (prefix, seek) => this.#kind.walk(area, { prefix, seek, signal }));
    } catch (error) {
      throw toStoreError(error, 'list');
    }
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    for await (const batch of inBatches(eachKey(keys), DELETES)) {
      throwIfAborted(options.signal, 'delete');
      yield* await this.#deleteBatch(batch);
    }
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#check('copy', to, options.signal);
    this.#checkMode(options.mode, 'copy', to);
    const file = await this.#find('copy', from, options);
    try {
      const attributes =
        options.attributes === undefined
          ? file.info.attributes
          : this.#toAttributes(options.attributes, 'copy', to);
      const placing = { operation: 'copy', attributes, mode: options.mode } as const;
      // What is checked on its way in has to be read.
      const isChecked = this.#kind.checkBody !== undefined && from !== to;
      const cloned = isChecked ? undefined : await this.#clone(file, to);
      if (cloned !== undefined) return await this.#finish(cloned, placing, () => Promise.resolve(to));
      const staged = await this.#stage('copy', to, attributes);
      return await this.#finish(staged, placing, async () => {
        const chunks = file.chunks({ start: 0, end: file.info.size }, options.signal);
        await fill(staged, this.#kind.checkBody?.(to, chunks) ?? chunks, 'copy', options.signal, to);
        return to;
      });
    } finally {
      await file.close();
    }
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#check('upload', key, options.signal);
    const attributes = this.#toAttributes(options.attributes, 'upload', key);
    const uploads = await this.#uploads('upload', key);
    return mapped('upload', key, () => uploads.begin(key, attributes, options));
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    this.#check('openUpload', key, options.signal);
    const uploads = await this.#uploads('openUpload', key);
    return mapped('openUpload', key, () => uploads.open(key, id));
  }

  async *listUploads({ prefix = '', signal }: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkOpen('listUploads');
    throwIfAborted(signal, 'listUploads');
    const uploads = await this.#uploads('listUploads');
    yield* await mapped('listUploads', undefined, () => uploads.list(prefix));
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
    return `${this.#kind.name}(${JSON.stringify(this.#options.path)})`;
  }

  async #find(
    operation: StoreOperation,
    key: string,
    options: Pick<GetOptions, 'signal' | 'version' | 'ifMatch' | 'ifNoneMatch'>,
  ): Promise<OpenFile> {
    this.#check(operation, key, options.signal);
    if (options.version !== undefined) throw unsupported(this, operation, 'keep versions', key);
    const file = await mapped(operation, key, async () => {
      const { area, layout } = await this.#open();
      return openObject(area, layout, key, operation);
    });
    if (file === undefined) throw notFound(operation, key);
    try {
      checkGetConditions(options, file.info.etag, operation, key);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #stage(operation: StoreOperation, key: string, attributes: Attributes): Promise<StagedFile> {
    return mapped(operation, key, async () => {
      const { area, layout } = await this.#open();
      const staged = await area.staging.create();
      try {
        await staged.write(layout.header(key, attributes));
        return staged;
      } catch (error) {
        await staged.discard();
        throw error;
      }
    });
  }

  #uploads(operation: StoreOperation, key?: string): Promise<FolderUploads> {
    return mapped(operation, key, async () => {
      if (!this.capabilities.uploads) throw unsupported(this, operation, 'keep uploads', key);
      const { area, layout } = await this.#open();
      return new FolderUploads(area, layout);
    });
  }

  /** A staged copy that the system made; `undefined` where it cannot, or the file was replaced meanwhile. */
  async #clone(file: OpenFile, to: string): Promise<StagedFile | undefined> {
    if (!this.capabilities.serverSideCopy) return undefined;
    return mapped('copy', to, async () => {
      const { area } = await this.#open();
      const copy = await area.staging.copy(file.path);
      let isSame = false;
      try {
        isSame = await file.isStillAt(area.fs);
      } finally {
        if (!isSame) await copy.discard();
      }
      return isSame ? copy : undefined;
    });
  }

  /** Has the staged file filled, which says the key, and puts it in its place. What fails leaves nothing. */
  async #finish(
    staged: StagedFile,
    placing: {
      readonly operation: StoreOperation;
      readonly attributes: Attributes;
      readonly mode: PutMode | undefined;
    },
    fillIt: () => Promise<string>,
  ): Promise<ObjectInfo> {
    const { operation, attributes, mode } = placing;
    const { area, layout } = await this.#open();
    let etag: string | undefined;
    try {
      const key = await fillIt();
      return await mapped(operation, key, async () => {
        const { state, path } = await staged.seal();
        etag = state.etag;
        if (layout.sidecars) await area.sidecars.write(etag, attributes);
        await placeObject({ area, layout, key, operation }, path, mode);
        if (mode === 'create') await staged.discard();
        const size = state.size - layout.header(key, attributes).byteLength;
        return { key, size, etag, lastModified: state.lastModified, attributes };
      });
    } catch (error) {
      const isGone = await staged.discard();
      if (isGone && etag !== undefined && hasAttributes(attributes)) await area.sidecars.tryRemove(etag);
      throw error;
    }
  }

  async #deleteBatch(keys: readonly string[]): Promise<DeleteResult[]> {
    const { area, layout } = await mapped('delete', undefined, () => this.#open());
    const results = await Promise.all(
      keys.map(async (key): Promise<DeleteResult & { folder?: string | undefined }> => {
        try {
          this.#check('delete', key, undefined);
          return { key, folder: await removeObject({ area, layout, key, operation: 'delete' }) };
        } catch (error) {
          return failed(key, error);
        }
      }),
    );
    const syncs = new Map<string, Promise<void>>();
    return Promise.all(
      results.map(async ({ key, error, folder }) => {
        if (error !== undefined || folder === undefined)
          return error === undefined ? { key } : { key, error };
        try {
          const sync = syncs.get(folder) ?? area.directories.sync(folder);
          syncs.set(folder, sync);
          await sync;
          return { key };
        } catch (thrown) {
          return failed(key, thrown);
        }
      }),
    );
  }

  #toAttributes(given: Attributes | undefined, operation: StoreOperation, key: string): Attributes {
    const attributes = toAttributes(given, operation, key, this.capabilities.metadataBytesMax);
    if (this.capabilities.attributes || !hasAttributes(attributes)) return attributes;
    throw unsupported(this, operation, 'keep attributes', key);
  }

  #checkMode(mode: PutMode | undefined, operation: StoreOperation, key?: string): void {
    if (typeof mode !== 'object') return;
    throw unsupported(
      this,
      operation,
      'decide ifMatch atomically, since other programs may write there',
      key,
    );
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkKey(key, operation, this.capabilities.keyBytesMax);
    this.#kind.checkKey?.(key, operation);
    throwIfAborted(signal, operation, key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#openArea().catch((error: unknown) => {
      // Another try may find the folder mounted, or writable.
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #openArea(): Promise<Opened> {
    const area = await openArea(this.#options.path, this.#options);
    return { area, layout: this.#kind.layout(area) };
  }
}

async function fill(
  staged: StagedFile,
  chunks: AsyncIterable<Uint8Array>,
  operation: StoreOperation,
  signal: AbortSignal | undefined,
  key?: string,
): Promise<void> {
  for await (const chunk of chunks) {
    throwIfAborted(signal, operation, key);
    // What the body itself throws is the caller's, and passes through.
    await mapped(operation, key, () => staged.write(chunk));
  }
  throwIfAborted(signal, operation, key);
}

function failed(key: string, thrown: unknown): DeleteResult {
  const error = toStoreError(thrown, 'delete', key);
  if (!isStoreError(error)) throw error;
  return { key, error };
}
