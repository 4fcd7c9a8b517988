/** One bucket of an S3 service as a store. Each method is its own file; here keys are checked, and the end is. */

import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { StoreError, throwIfAborted } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey } from '../../keys.ts';
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
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { COPY_FROM } from '../../sync/copy-origin.ts';
import type { CopyBetween } from '../../sync/copy-origin.ts';
import { CHECKSUMS } from '../../transfers/known-checksums.ts';
import type { ChecksumsOptions, KnownChecksums } from '../../transfers/known-checksums.ts';
import { PARTS } from '../../transfers/part-target.ts';
import type { PartTarget } from '../../transfers/part-target.ts';
import { CLEAN_UPLOADS } from '../../uploads/clean-uploads.ts';
import type { CleanedUpload } from '../../uploads/clean-uploads.ts';
import { PartUploads } from '../../uploads/part-uploads.ts';
import { S3Client } from './client.ts';
import { Conditions, OUR_SERVER } from './conditions.ts';
import type { S3Context } from './context.ts';
import { copyObject } from './copy.ts';
import { deleteObjects, KEY_BYTES_MAX } from './delete.ts';
import { getObject } from './get.ts';
import { s3Checksums } from './known-checksums.ts';
import { eachEntry, LIST_PAGES } from '../../list-pages.ts';
import { listObjects } from './list.ts';
import { NativeUploads } from './native/native-uploads.ts';
import { partObjects } from './part-objects.ts';
import { s3Parts } from './part-target.ts';
import { presignObject } from './presign.ts';
import { METADATA_BYTES_MAX, OBJECT_BYTES_MAX, putObject } from './put.ts';
import { readInto } from './read-into.ts';
import { isSameService } from './settings.ts';
import type { S3Settings } from './settings.ts';

export class S3Store implements ObjectStore {
  readonly #settings: S3Settings;
  readonly #client: S3Client;
  readonly #context: S3Context;
  readonly #conditions: Conditions;
  readonly #partUploads: PartUploads;
  readonly #nativeUploads: NativeUploads;
  #closed = false;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.#client = new S3Client(settings);
    const { partSize, partBytesMin, concurrency, checksums } = settings;
    const client = this.#client;
    const conditions = new Conditions(client, this, settings.conditionalPuts);
    this.#conditions = conditions;
    this.#context = { client, conditions, partSize, partBytesMin, concurrency, checksums, name: this };
    const objects = partObjects(this.#context, () => this.capabilities);
    this.#partUploads = new PartUploads(objects, { partSize, concurrency });
    this.#nativeUploads = new NativeUploads(this.#context);
  }

  get capabilities(): Capabilities {
    const conditional = this.#conditions.possible;
    return {
      write: true,
      create: conditional,
      ifMatch: conditional,
      attributes: true,
      versions: true,
      durable: true,
      list: true,
      serverSideCopy: true,
      uploads: conditional,
      serverSideComplete: conditional,
      presign: true,
      keyBytesMax: KEY_BYTES_MAX,
      objectBytesMax: OBJECT_BYTES_MAX,
      metadataBytesMax: METADATA_BYTES_MAX,
      partBytesMin: this.#settings.partBytesMin,
    };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#check('put', key, options.signal);
    const { mode } = options;
    if (mode !== undefined && mode !== 'overwrite') await this.#conditions.require(mode, 'put', key, options);
    return putObject(this.#context, key, body, options);
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    this.#check('get', key, options.signal);
    return getObject(this.#context, key, options);
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    this.#check('readInto', key, options.signal);
    return readInto(this.#context, key, targets, options);
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return eachEntry(this[LIST_PAGES](options), options.signal);
  }

  async *[LIST_PAGES](options: ListOptions): AsyncGenerator<readonly ListEntry[]> {
    this.#checkOpen('list');
    yield* listObjects(this.#context, options);
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    yield* deleteObjects(this.#context, keys, options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#check('copy', from, options.signal);
    checkKey(to, 'copy', KEY_BYTES_MAX);
    await this.#conditions.require(options.mode, 'copy', to, options);
    return copyObject(this.#context, from, to, options);
  }

  /** Between buckets of one service that one set of keys opens. */
  [COPY_FROM](source: ObjectStore): CopyBetween | undefined {
    if (!(source instanceof S3Store) || !isSameService(source.#settings, this.#settings)) return undefined;
    return async (from, to, options) => {
      source.#check('copy', from, options.signal);
      this.#check('copy', to, options.signal);
      await this.#conditions.require(options.mode, 'copy', to, options);
      return copyObject(this.#context, from, to, options, source.#context);
    };
  }

  /** Plain multipart uploads. */
  get [PARTS](): PartTarget {
    return s3Parts(this.#context, (key, signal) => {
      this.#check('put', key, signal);
    });
  }

  async [CHECKSUMS](key: string, options: ChecksumsOptions): Promise<KnownChecksums> {
    this.#check('get', key, options.signal);
    return s3Checksums(this.#context, key, options);
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#check('upload', key, options.signal);
    const uploads = (await this.#native(options)) ?? (await this.#parts('upload', key, options));
    return uploads.upload(key, options);
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    this.#check('openUpload', key, options.signal);
    const uploads = (await this.#native(options)) ?? (await this.#parts('openUpload', key, options));
    return uploads.openUpload(key, id, options);
  }

  async *listUploads(options: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkOpen('listUploads');
    const uploads = (await this.#native(options)) ?? (await this.#parts('listUploads', undefined, options));
    yield* uploads.listUploads(options);
  }

  async [CLEAN_UPLOADS](
    options: CallOptions & { olderThanMs: number; dryRun: boolean },
  ): Promise<CleanedUpload[]> {
    this.#checkOpen('listUploads');
    // Our own server ends abandoned uploads by itself; part objects of a time before are objects to it.
    return (await this.#parts('listUploads', undefined, options)).clean(options);
  }

  async presign(key: string, options: PresignOptions = {}): Promise<string> {
    this.#check('presign', key, undefined);
    return presignObject(this.#context, key, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    const { bucket, endpoint } = this.#settings;
    const where = endpoint === undefined ? '' : `, ${JSON.stringify(endpoint)}`;
    return `s3(${JSON.stringify(bucket)}${where})`;
  }

  /** Our own server shows its multipart uploads as they come. */
  async #native(options: CallOptions): Promise<NativeUploads | undefined> {
    const { uploads } = this.#settings;
    if (uploads === 'parts') return undefined;
    if (uploads === 'native' || (await this.#client.server(options)) === OUR_SERVER)
      return this.#nativeUploads;
    return undefined;
  }

  /** Part objects are fenced by objects that are only created: a service has to decide that. */
  async #parts(
    operation: StoreOperation,
    key: string | undefined,
    options: CallOptions,
  ): Promise<PartUploads> {
    await this.#conditions.require('create', operation, key, options);
    return this.#partUploads;
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkKey(key, operation, KEY_BYTES_MAX);
    throwIfAborted(signal, operation, key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }
}
