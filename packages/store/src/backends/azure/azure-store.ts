/** A container of Azure Blob Storage as a store. */

import { toAttributes } from '../../attributes.ts';
import { announcedSize, toSource } from '../../body.ts';
import type { Body } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import { StoreError, throwIfAborted, unsupported } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
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
import { checkTargets } from '../../read-targets.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { PARTS } from '../../transfers/part-target.ts';
import type { PartTarget } from '../../transfers/part-target.ts';
import { CHECKSUMS } from '../../transfers/known-checksums.ts';
import type { ChecksumsOptions, KnownChecksums } from '../../transfers/known-checksums.ts';
import { CLEAN_UPLOADS } from '../../uploads/clean-uploads.ts';
import type { CleanedUpload, CleansUploads } from '../../uploads/clean-uploads.ts';
import { cleanUploads } from './clean-uploads.ts';
import type { AzureClient } from './client.ts';
import { copyBlob } from './copy.ts';
import { deleteBlobs } from './delete.ts';
import { listBlobs } from './listing.ts';
import type { Listing } from './listing.ts';
import { checkBlobName, KEY_BYTES_MAX } from './names.ts';
import { azureParts } from './part-target.ts';
import { getBlob, headBlob, readBlobInto } from './read.ts';
import type { Blob } from './read.ts';
import { beginUpload, listUploads, openUpload } from './uploads.ts';
import { OBJECT_BYTES_MAX, putBlob } from './write.ts';

export interface AzureStoreOptions {
  /** `true`: the account keeps versions of blobs, which `get` and `copy` can name; `false` when left out */
  readonly versions?: boolean | undefined;
  /** entries that a request for a listing asks for; 5,000, the most, when left out */
  readonly pageSize?: number | undefined;
}

/** Azure takes 8 KiB of metadata; text beyond ASCII needs three times its size. */
const METADATA_BYTES_MAX = 2048;

const PERMISSIONS = { GET: 'r', HEAD: 'r', PUT: 'cw', DELETE: 'd' } as const;

export class AzureStore implements ObjectStore, CleansUploads {
  readonly capabilities: Capabilities;
  readonly #client: AzureClient;
  readonly #container: string;
  readonly #listing: Listing;
  readonly #ownsClient: boolean;
  #closed = false;

  /** @param ownsClient whether the client's connections end with this store */
  constructor(client: AzureClient, container: string, options: AzureStoreOptions = {}, ownsClient = true) {
    this.#client = client;
    this.#container = container;
    this.#ownsClient = ownsClient;
    this.#listing = { client, container, pageSize: options.pageSize };
    this.capabilities = {
      write: true,
      create: true,
      ifMatch: true,
      attributes: true,
      versions: options.versions === true,
      durable: true,
      list: true,
      serverSideCopy: true,
      uploads: true,
      serverSideComplete: true,
      presign: client.canSign,
      keyBytesMax: KEY_BYTES_MAX,
      objectBytesMax: OBJECT_BYTES_MAX,
      metadataBytesMax: METADATA_BYTES_MAX,
      partBytesMin: 1,
    };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal, mode } = options;
    this.#check('put', key, signal);
    const attributes = toAttributes(options.attributes, 'put', key, METADATA_BYTES_MAX);
    const source = toSource(body);
    const size = announcedSize(source, options.size);
    return putBlob(this.#blob(key, 'put'), source, size, { mode, attributes, signal });
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectRead> {
    this.#check('get', key, options.signal);
    this.#checkVersion('get', key, options.version);
    return getBlob(this.#blob(key, 'get'), options);
  }

  async readInto(
    key: string,
    targets: readonly ReadTarget[],
    options: ReadIntoOptions = {},
  ): Promise<ObjectInfo> {
    this.#check('readInto', key, options.signal);
    this.#checkVersion('readInto', key, options.version);
    checkTargets(targets, options, key);
    return readBlobInto(this.#blob(key, 'readInto'), targets, options);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ListEntry> {
    this.#checkOpen('list');
    throwIfAborted(options.signal, 'list');
    yield* listBlobs(this.#listing, options);
  }

  async *delete(
    keys: Iterable<string> | AsyncIterable<string>,
    options: CallOptions = {},
  ): AsyncGenerator<DeleteResult> {
    this.#checkOpen('delete');
    yield* deleteBlobs(this.#client, this.#container, keys, options);
  }

  async copy(from: string, to: string, options: CopyOptions = {}): Promise<ObjectInfo> {
    this.#check('copy', from, options.signal);
    checkBlobName(to, 'copy');
    this.#checkVersion('copy', from, options.version);
    const attributes =
      options.attributes === undefined
        ? undefined
        : toAttributes(options.attributes, 'copy', to, METADATA_BYTES_MAX);
    return copyBlob(this.#blob(from, 'copy'), this.#blob(to, 'copy'), options, attributes);
  }

  async upload(key: string, options: UploadOptions = {}): Promise<Upload> {
    this.#check('upload', key, options.signal);
    const attributes = toAttributes(options.attributes, 'upload', key, METADATA_BYTES_MAX);
    return beginUpload(this.#listing, key, attributes, options);
  }

  async openUpload(key: string, id?: string, options: CallOptions = {}): Promise<UploadReader> {
    this.#check('openUpload', key, options.signal);
    return openUpload(this.#listing, key, id, options);
  }

  async *listUploads(options: ListUploadsOptions = {}): AsyncGenerator<UploadListEntry> {
    this.#checkOpen('listUploads');
    throwIfAborted(options.signal, 'listUploads');
    yield* listUploads(this.#listing, options);
  }

  /** A service SAS. With PUT the header `x-ms-blob-type: BlockBlob` must be sent, too. */
  async presign(key: string, options: PresignOptions = {}): Promise<string> {
    this.#check('presign', key, undefined);
    const { method = 'GET', expiresS = 3600, contentType } = options;
    if (!this.#client.canSign) throw unsupported(this, 'presign', 'make URLs without an account key', key);
    if (contentType !== undefined) {
      throw unsupported(this, 'presign', 'hold those who use a URL to a content type', key);
    }
    if (!Number.isFinite(expiresS) || expiresS < 1) {
      throw new StoreError('InvalidArgument', `A URL is good for 1 second or more, not ${expiresS}`, {
        operation: 'presign',
        key,
      });
    }
    const expiresAt = new Date(Date.now() + expiresS * 1000);
    return Promise.resolve(this.#client.signUrl(this.#container, key, PERMISSIONS[method], expiresAt));
  }

  /** By the last change of each. */
  async [CLEAN_UPLOADS](
    options: CallOptions & { olderThanMs: number; dryRun: boolean },
  ): Promise<CleanedUpload[]> {
    this.#checkOpen('listUploads');
    return cleanUploads(this.#listing, options);
  }

  /** Blocks that are not committed. */
  get [PARTS](): PartTarget {
    return azureParts((key, signal) => {
      this.#check('put', key, signal);
      return this.#blob(key, 'put');
    }, METADATA_BYTES_MAX);
  }

  /** The MD5 that whoever wrote the blob gave along. */
  async [CHECKSUMS](key: string, options: ChecksumsOptions): Promise<KnownChecksums> {
    this.#check('get', key, options.signal);
    this.#checkVersion('get', key, options.version);
    const { info, headers } = await headBlob(this.#blob(key, 'get'), options);
    const { 'content-md5': md5 } = headers;
    return { info, md5: typeof md5 === 'string' ? Buffer.from(md5, 'base64').toString('hex') : undefined };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#ownsClient) await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `azure(${JSON.stringify(this.#client.name)}, ${JSON.stringify(this.#container)})`;
  }

  #blob(key: string, operation: StoreOperation): Blob {
    return { client: this.#client, container: this.#container, key, operation };
  }

  #check(operation: StoreOperation, key: string, signal: AbortSignal | undefined): void {
    this.#checkOpen(operation);
    checkBlobName(key, operation);
    throwIfAborted(signal, operation, key);
  }

  #checkVersion(operation: StoreOperation, key: string, version: string | undefined): void {
    if (version === undefined || this.capabilities.versions) return;
    throw unsupported(this, operation, 'name versions (open it with versions: true if it keeps some)', key);
  }

  #checkOpen(operation: StoreOperation): void {
    if (this.#closed) throw new StoreError('Closed', `${this.toString()} was closed`, { operation });
  }
}
