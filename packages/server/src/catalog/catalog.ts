/**
 * The catalog: what exists. Buckets, versions, manifests, blobs and the feed, spoken of in intentions, never in SQL.
 * It holds no object bytes but inline ones and knows nothing of HTTP.
 *
 * Every method may be called concurrently. A write that resolves is durable and visible to every later read through
 * any catalog of the same store; writes that are decided by a condition are decided in the transaction that
 * publishes them. Every method rejects with `CatalogError`, or with an unknown error when something is broken.
 */

export interface Bucket {
  /** Never reused: a bucket made again under the same name has another id. */
  readonly id: number;
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  /** The dedup scope that its blobs belong to. */
  readonly scope: number;
  readonly createdMs: number;
}

/** What the gateway stores with an object and the catalog only keeps. */
export interface VersionAttributes {
  readonly size: number;
  /** Lower-case hex without quotes. */
  readonly etag: string;
  readonly storageClass: string;
  readonly owner: string;
  /** JSON of headers and user metadata; opaque here. */
  readonly attributes: string;
  /** JSON list of [key, value]; null: no tags. */
  readonly tags: string | null;
  readonly checksumAlgorithm: string | null;
  /** Base64. */
  readonly checksumValue: string | null;
}

export interface Version extends VersionAttributes {
  readonly key: string;
  /** The sequence number that made it: the version order. */
  readonly seq: number;
  readonly modifiedMs: number;
  /** Null: an empty object. */
  readonly manifest: number | null;
  readonly extents: number;
}

/** A run of an object's bytes, in logical bytes. */
export interface Extent {
  /** Offset of the run in the object. */
  readonly start: number;
  readonly length: number;
  /** Offset of the run in its blob. */
  readonly offset: number;
  /** Where the blob store keeps the blob; null: inline, then `data` holds the whole blob. */
  readonly location: string | null;
  readonly data: Uint8Array | null;
}

/**
 * A version with what is needed to read it. `release` must be called, and may be called again: until then neither its
 * blobs nor any that are given up later are deleted.
 */
export interface OpenVersion {
  readonly version: Version;
  /** The extents that overlap [start, end), in order. */
  extents(start: number, end: number): Promise<readonly Extent[]>;
  release(): void;
}

export interface ListedVersion {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly storageClass: string;
  readonly owner: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
}

export interface ListRequest {
  readonly bucket: number;
  readonly prefix: string;
  /** Empty: no grouping. */
  readonly delimiter: string;
  /** Only keys and common prefixes after this one, in UTF-8 byte order; empty: from the start. */
  readonly after: string;
  /** Entries and common prefixes together. */
  readonly limit: number;
}

export interface ListResult {
  readonly versions: readonly ListedVersion[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix returned: `after` of the next page. */
  readonly last: string;
}

export type WriteCondition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/** Where the bytes of a version to publish are. */
export type Content =
  | { readonly kind: 'empty' }
  /** `data` is stored in the catalog, `sha256` (32 bytes) beside it. */
  | { readonly kind: 'inline'; readonly data: Uint8Array; readonly sha256: Uint8Array }
  /** A reserved blob whose bytes are durable at its location. Publishing uses the reservation up, in success and in failure. */
  | { readonly kind: 'blob'; readonly blob: number };

export interface PublishRequest extends VersionAttributes {
  readonly bucket: number;
  readonly key: string;
  readonly condition: WriteCondition | null;
  readonly content: Content;
}

export interface CopyRequest extends Omit<
  VersionAttributes,
  'size' | 'etag' | 'checksumAlgorithm' | 'checksumValue'
> {
  readonly sourceBucket: number;
  readonly sourceKey: string;
  /** The version that the caller's conditions were judged on; another one by now rejects with `SourceChanged`. */
  readonly sourceSeq: number;
  readonly bucket: number;
  readonly key: string;
  readonly condition: WriteCondition | null;
  /** Null: that of the source. */
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
}

export interface Published {
  readonly seq: number;
  readonly modifiedMs: number;
}

export interface ReserveRequest {
  readonly scope: number;
  /** 32 bytes: of exactly the bytes stored. */
  readonly sha256: Uint8Array;
  readonly length: number;
}

export interface Reservation {
  readonly blob: number;
  readonly location: string;
  /** True: the bytes are already there, durably; false: the caller puts them at `location` before it publishes. */
  readonly stored: boolean;
}

export interface Catalog {
  findBucket(name: string): Promise<Bucket | undefined>;
  /** In name order, after `after`; `owner` undefined: everybody's. */
  listBuckets(request: {
    owner: string | undefined;
    prefix: string;
    after: string;
    limit: number;
  }): Promise<{ buckets: readonly Bucket[]; truncated: boolean }>;
  /** Rejects with `BucketOwnedByYou` or `BucketExists` when the name is taken. */
  createBucket(request: { name: string; owner: string; region: string }): Promise<Bucket>;
  /** Rejects with `BucketNotEmpty`, `NoSuchBucket`. */
  deleteBucket(bucket: number): Promise<void>;

  /** The current version of a key. */
  findVersion(bucket: number, key: string): Promise<Version | undefined>;
  openVersion(bucket: number, key: string): Promise<OpenVersion | undefined>;
  /** Current versions in UTF-8 byte order of their keys. Costs what it returns. */
  listVersions(request: ListRequest): Promise<ListResult>;

  /**
   * Announces a blob, durably, before its file appears at its final place, so that no file is ever unknown to the
   * catalog. Until it is published or released the blob is not deleted. Waits while the same content is being deleted.
   */
  reserveBlob(request: ReserveRequest): Promise<Reservation>;
  releaseBlob(blob: number): Promise<void>;
  /** Makes a version the current one of its key. Rejects with `PreconditionFailed`, `NoSuchKey` (ifMatch on nothing), `NoSuchBucket`. */
  publishVersion(request: PublishRequest): Promise<Published>;
  /** Publishes a version that shares the source's bytes. Rejects as `publishVersion`, and with `SourceChanged`. */
  copyVersion(request: CopyRequest): Promise<Published>;
  /** Deletes the current versions of up to 1,000 keys, in order, each key on its own; absent ones are no error. */
  deleteVersions(bucket: number, keys: readonly string[]): Promise<void>;
}
