/**
 * The catalog: what exists. Buckets, versions, manifests, blobs and the feed, spoken of in intentions, never in SQL.
 * It holds no object bytes but inline ones and knows nothing of HTTP.
 *
 * Every method may be called concurrently. A write that resolves is durable and visible to every later read through
 * any catalog of the same store; writes that are decided by a condition are decided in the transaction that
 * publishes them. Every method rejects with `CatalogError`, or with an unknown error when something is broken.
 */

import type { ChecksumType, DeleteCondition, ReadConditions } from '@cistern/protocol';
import type { BlockChecks } from '../blobs/checks/block-checks.ts';
import type { DamageReport } from './scrub.ts';
import type { UploadCatalog } from './uploads.ts';
import type { SnapshotCatalog } from './snapshots.ts';

export interface Bucket {
  /** Never reused: a bucket made again under the same name has another id. */
  readonly id: number;
  readonly name: string;
  readonly owner: string;
  readonly region: string;
  /** The dedup scope that its blobs belong to. */
  readonly scope: number;
  readonly createdMs: number;
  readonly versioning: Versioning;
  /** JSON list of [key, value]; null: no tags. */
  readonly tags: string | null;
  /** The sequence number of the snapshot that it is; null: the bucket itself. A snapshot is never written to. */
  readonly asOf: number | null;
}

/** As its row says, which is not held to its sum: one that the disk has changed is not left out. */
export type ListedBucket = Pick<Bucket, 'name' | 'region' | 'createdMs'>;

export type ChosenVersioning = 'enabled' | 'suspended';
export type Versioning = 'never' | ChosenVersioning;

/** A version by its sequence number, or the null version of its key. */
export type VersionId = number | 'null';

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
  /** Base64; of a checksum of checksums (COMPOSITE) `-N` follows it. */
  readonly checksumValue: string | null;
}

/** A state of a key: data or a delete marker. */
export interface Version extends VersionAttributes {
  readonly key: string;
  /** The sequence number that made it: the version order. */
  readonly seq: number;
  /** The one that made it as it stands: another than `seq` once its tags were changed. */
  readonly since: number;
  readonly modifiedMs: number;
  readonly isNull: boolean;
  readonly deleteMarker: boolean;
  /** Null: an empty object, or a delete marker. */
  readonly manifest: number | null;
  readonly extents: number;
  /** Of a multipart upload; 0: it was none. */
  readonly parts: number;
  /** Until when an archived version was restored; null: it never was. */
  readonly restoredUntilMs: number | null;
}

/** Which version of a key is meant; by default the latest. */
export interface VersionChoice {
  readonly version?: VersionId | undefined;
  /** As a snapshot of this sequence number shows it. */
  readonly asOf?: number | null;
}

/** A run of an object's bytes, in logical bytes. */
export interface Extent {
  /** The number of the blob. */
  readonly blob: number;
  /** Whether the blob has checks: `Catalog.blobChecks`. */
  readonly checked: boolean;
  /** Offset of the run in the object. */
  readonly start: number;
  readonly length: number;
  /** Offset of the run in its blob. */
  readonly offset: number;
  /** Where the blob store of its tier keeps the blob; null: inline, then `data` holds the whole blob. */
  readonly location: string | null;
  readonly data: Uint8Array | null;
  /** Empty: the data directory; otherwise the storage class in whose own directory the blob is. */
  readonly tier: string;
  /** How the blob's bytes are stored, with the map of its frames where the codec has one. */
  readonly codec: number;
  readonly frames: Uint8Array | null;
  /** All of the blob's bytes, before the codec. */
  readonly logical: number;
}

/**
 * A version with what is needed to read it. `release` must be called, and may be called again: until then neither its
 * blobs nor any that are given up later are deleted.
 */
export interface OpenVersion {
  readonly version: Version;
  /** All of its bytes, where they came with it: those of a small object mostly do. */
  readonly held: Uint8Array | null;
  /** The first extents that overlap [start, end), in order, EXTENTS_PAGE at most: `extentsOf` walks all of them. */
  extents(start: number, end: number): Promise<readonly Extent[]>;
  release(): void;
}

/** Its owner is that of its bucket. */
export interface ListedVersion {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedMs: number;
  readonly storageClass: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumType: ChecksumType | null;
}

export interface ListRequest {
  readonly bucket: number;
  /** As a snapshot of this sequence number shows it. */
  readonly asOf?: number | null;
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

/** A version or delete marker as ListObjectVersions shows it. */
export interface HistoryEntry extends ListedVersion {
  readonly seq: number;
  readonly isNull: boolean;
  readonly deleteMarker: boolean;
  readonly latest: boolean;
}

export interface HistoryRequest {
  readonly bucket: number;
  readonly prefix: string;
  /** Empty: no grouping. */
  readonly delimiter: string;
  /** Only what comes after it: after a key or common prefix, or with `version` after that version of the key. */
  readonly after: { readonly key: string; readonly version?: VersionId };
  /** Entries and common prefixes together. */
  readonly limit: number;
}

export interface HistoryResult {
  /** Keys in UTF-8 byte order, of each the newest version first. */
  readonly entries: readonly HistoryEntry[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** What was returned last: `after` of the next page. */
  readonly last: { readonly key: string; readonly version?: VersionId };
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

export interface Deletion {
  readonly key: string;
  /** Removes that version for good; otherwise the key is deleted, which leaves a delete marker where there are versions. */
  readonly version?: VersionId | undefined;
  /** What must hold of that version, or of the latest. */
  readonly condition?: DeleteCondition | null;
}

export interface DeletionResult {
  /** The version that was removed or, of a deleted key, the delete marker that was made; null: neither. */
  readonly version: VersionId | null;
  /** That it is a delete marker. */
  readonly deleteMarker: boolean;
  /** Null: it was done. */
  readonly error: 'PreconditionFailed' | 'NoSuchKey' | 'NoSuchVersion' | null;
}

export interface CopyRequest extends Omit<
  VersionAttributes,
  'size' | 'etag' | 'checksumAlgorithm' | 'checksumValue'
> {
  readonly sourceBucket: number;
  readonly sourceKey: string;
  /** Of a snapshot. */
  readonly sourceAsOf?: number | null;
  /** The version that was asked for; undefined: the latest. */
  readonly sourceVersion?: VersionId | undefined;
  /** The version that the caller's conditions were judged on; another one by now rejects with `SourceChanged`. */
  readonly sourceSeq: number;
  readonly bucket: number;
  readonly key: string;
  readonly condition: WriteCondition | null;
  /** Null: that of the source. */
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
}

export interface AppendRequest extends PublishRequest {
  /** Bytes: what the object must have. */
  readonly offset: number;
}

/** The object as it is then. */
export interface Appended extends Published {
  readonly size: number;
  readonly etag: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
}

export interface RenameRequest {
  readonly bucket: number;
  readonly sourceKey: string;
  readonly key: string;
  readonly sourceConditions: ReadConditions;
  readonly destinationConditions: ReadConditions;
  /** A repetition with the same token does nothing; with another request it is refused. */
  readonly token: string | null;
}

export interface Published {
  readonly seq: number;
  readonly modifiedMs: number;
  /** Null: the bucket never had versions. */
  readonly version: VersionId | null;
}

export interface TagsRequest {
  readonly bucket: number;
  readonly key: string;
  /** By default the latest. */
  readonly version?: VersionId | undefined;
  /** JSON list of [key, value]; null: no tags. */
  readonly tags: string | null;
}

export interface RestoreRequest {
  readonly bucket: number;
  readonly key: string;
  /** Undefined: the latest. */
  readonly version: VersionId | undefined;
  readonly untilMs: number;
}

export interface ReserveRequest {
  readonly scope: number;
  /** 32 bytes: of exactly the bytes stored. */
  readonly sha256: Uint8Array;
  /** Before the codec. */
  readonly length: number;
  /** The storage class in whose own directory it is kept. Default: the data directory. */
  readonly tier?: string;
  /** How the bytes are stored. Default: as they came. */
  readonly coded?: { readonly codec: number; readonly stored: number; readonly frames: Uint8Array | null };
  /** Of the blocks of its bytes before the codec, as `BlockSums` encodes them. Default: it has none. */
  readonly checks?: Uint8Array;
  /** Where the bytes are. Default: a name made of their hash, for a store that moves them there. */
  readonly location?: string;
}

export interface Reservation {
  readonly blob: number;
  readonly location: string;
  /** True: the bytes are already there, durably; false: the caller puts them at `location` before it publishes. */
  readonly stored: boolean;
}

export interface Catalog {
  readonly uploads: UploadCatalog;

  readonly snapshots: SnapshotCatalog;

  /** Also a snapshot of a bucket, under the name that it is read as. */
  findBucket(name: string): Promise<Bucket | undefined>;
  /** In name order, after `after`; `owner` undefined: everybody's. Also those that `findBucket` finds damaged. */
  listBuckets(request: {
    owner: string | undefined;
    prefix: string;
    after: string;
    limit: number;
  }): Promise<{ buckets: readonly ListedBucket[]; truncated: boolean }>;
  /** Rejects with `BucketOwnedByYou` or `BucketExists` when the name is taken. */
  createBucket(request: { name: string; owner: string; region: string }): Promise<Bucket>;
  /** Rejects with `BucketNotEmpty` (of versions, or of snapshots), `NoSuchBucket`. */
  deleteBucket(bucket: number): Promise<void>;

  /** A bucket never goes back to having no versions. Rejects with `NoSuchBucket`. */
  setVersioning(bucket: number, versioning: ChosenVersioning): Promise<void>;
  /** @param tags as `Bucket.tags`. Rejects with `NoSuchBucket`. */
  setBucketTags(bucket: number, tags: string | null): Promise<void>;

  /** The latest version of a key or the one that is chosen: it may be a delete marker. */
  findVersion(bucket: number, key: string, choice?: VersionChoice): Promise<Version | undefined>;
  openVersion(bucket: number, key: string, choice?: VersionChoice): Promise<OpenVersion | undefined>;
  /**
   * Current versions in UTF-8 byte order of their keys, without delete markers. Costs what it returns; a snapshot's
   * walks past what was made below the prefix since.
   */
  listObjects(request: ListRequest): Promise<ListResult>;
  /** Every version and delete marker. Costs what it returns, however many versions a key has. */
  listVersions(request: HistoryRequest): Promise<HistoryResult>;

  /**
   * Announces a blob, durably, before its file appears at its final place, so that no file is ever unknown to the
   * catalog. Until it is published or released the blob is not deleted. Waits while the same content is being deleted.
   */
  reserveBlob(request: ReserveRequest): Promise<Reservation>;
  releaseBlob(blob: number): Promise<void>;
  /** Of some blocks of a blob. Rejects with `DamagedBlob` when it has not all of them. */
  blobChecks(blob: number, blocks: { readonly first: number; readonly end: number }): Promise<BlockChecks>;
  /** Somebody has found a blob damaged: its content is written again by the next who stores it. */
  noteDamage(blob: number, reason: string): Promise<void>;
  damage(): Promise<DamageReport>;
  /** Makes a version the current one of its key. Rejects with `PreconditionFailed`, `NoSuchKey` (ifMatch on nothing), `NoSuchBucket`. */
  publishVersion(request: PublishRequest): Promise<Published>;
  /**
   * Makes a version of the object's bytes with others behind them, or a new object where there is none; size, ETag (MD5)
   * and checksum of the request are those of what is appended, the other attributes are for a new object. Rejects as
   * `publishVersion`, and with `InvalidWriteOffset`, `TooManyParts` (10,000), `VersionedBucket`.
   */
  appendVersion(request: AppendRequest): Promise<Appended>;
  /**
   * Moves the version of a key to another one, in place of what is there, as it is. Rejects with `NoSuchKey`,
   * `PreconditionFailed`, `TokenMismatch`, `VersionedBucket`, `NoSuchBucket`.
   */
  renameVersion(request: RenameRequest): Promise<void>;
  /** Publishes a version that shares the source's bytes. Rejects as `publishVersion`, and with `SourceChanged`. */
  copyVersion(request: CopyRequest): Promise<Published>;
  /** Up to 1,000 of them, in order, each on its own; what is absent is deleted, too. Results in the order asked for. */
  deleteVersions(bucket: number, deletions: readonly Deletion[]): Promise<readonly DeletionResult[]>;
  /**
   * Says until when an archived version can be read. Resolves to whether it could be read already. Rejects with
   * `NoSuchKey`, also for a delete marker.
   */
  /**
   * Replaces the tags of a version, which stays what it is otherwise. Rejects with `NoSuchBucket`, and with `NoSuchKey`
   * also when there is only a delete marker.
   *
   * @returns the version as `Published` tells it
   */
  setTags(request: TagsRequest): Promise<Pick<Published, 'version'>>;
  restoreVersion(request: RestoreRequest): Promise<{ extended: boolean }>;
}
