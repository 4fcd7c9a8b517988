/**
 * What services have and stores have not: versions, versioning, tags, snapshots. Of one bucket; `Service.features` gives it.
 *
 * What a service does not have rejects with `Unsupported`, and a message that says so.
 */

import type { StoreError } from './errors.ts';
import type { CallOptions } from './object-store.ts';

/** One state of a key, or a mark that it was deleted. */
export interface ListedVersion {
  readonly key: string;
  /** what `GetOptions.version` takes; `null` for an object of a bucket that keeps none */
  readonly version: string;
  /** whether it is what `get` gives; of a delete marker: why there is nothing to get */
  readonly isLatest: boolean;
  /** the key was deleted then; such a version has no size and no etag */
  readonly isDeleteMarker: boolean;
  /** bytes; 0 for a delete marker */
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified: Date;
}

export interface ListVersionsOptions extends CallOptions {
  readonly prefix?: string | undefined;
  /** only keys after this one, in the order of UTF-8 bytes */
  readonly startAfter?: string | undefined;
  /** `true`: also what the library keeps for itself below `.cistern/`, which is in the way of a bucket's end */
  readonly reserved?: boolean | undefined;
}

export interface VersionName {
  readonly key: string;
  readonly version: string;
}

/** What became of one version of a `deleteVersions`. */
export interface DeletedVersion extends VersionName {
  /** why it could not be deleted */
  readonly error?: StoreError | undefined;
}

/** `off`: none were ever kept. `suspended`: those from before are kept, and what is written now replaces. */
export type Versioning = 'enabled' | 'suspended' | 'off';

/** Names and values. What order they have is the service's. */
export type Tags = Readonly<Record<string, string>>;

export interface TagOptions extends CallOptions {
  /** the latest when left out */
  readonly version?: string | undefined;
}

/** A bucket as it was at one moment. */
export interface Snapshot {
  readonly name: string;
  readonly createdAt: Date;
  /** the name of the bucket under which it is read */
  readonly bucket: string;
}

export interface ForkOptions extends CallOptions {
  /** the fork has what this snapshot shows; what the bucket has now when left out */
  readonly snapshot?: string | undefined;
  /** the fork has what the bucket had then; needs versioning, and goes without `snapshot` */
  readonly at?: Date | undefined;
}

/** Rejects with StoreError and nothing else, but for what the caller's own source of versions throws. */
export interface BucketFeatures {
  /**
   * All versions and delete markers, by their keys in the order of UTF-8 bytes, the newest of a key first. In a bucket that
   * keeps none each object is one version, `null`. Azure has no delete markers: a key that was deleted has versions, and
   * none of them is the latest.
   */
  listVersions(options?: ListVersionsOptions): AsyncIterable<ListedVersion>;

  /**
   * Deletes versions for good, as they come, and gives one result for each, in any order. One that is not there is deleted
   * already; what cannot be the id of one fails. The deletion of the latest makes the one before it the latest (on Azure: none). One that fails does not stop the
   * others; only a signal, a failing source or a service out of reach reject.
   */
  deleteVersions(
    versions: Iterable<VersionName> | AsyncIterable<VersionName>,
    options?: CallOptions,
  ): AsyncIterable<DeletedVersion>;

  versioning(options?: CallOptions): Promise<Versioning>;
  setVersioning(state: 'enabled' | 'suspended', options?: CallOptions): Promise<void>;

  /** @throws {StoreError} `NotFound` when there is no such object or version */
  tags(key: string, options?: TagOptions): Promise<Tags>;
  /** Replaces all of them, at once; `{}` removes them. @throws {StoreError} `InvalidArgument`: too many, or not allowed */
  setTags(key: string, tags: Tags, options?: TagOptions): Promise<void>;

  bucketTags(options?: CallOptions): Promise<Tags>;
  /** as `setTags` */
  setBucketTags(tags: Tags, options?: CallOptions): Promise<void>;

  /** Takes a moment, whatever the bucket holds. @throws {StoreError} `AlreadyExists`; `InvalidArgument` for what is no name */
  createSnapshot(name: string, options?: CallOptions): Promise<Snapshot>;
  /** in the order of their names */
  listSnapshots(options?: CallOptions): Promise<readonly Snapshot[]>;
  /** @throws {StoreError} `NotFound` */
  deleteSnapshot(name: string, options?: CallOptions): Promise<void>;
  /**
   * Makes a bucket of this one, or of a snapshot of it; both share all bytes. Resolves when it is whole; until then nobody sees it.
   *
   * @throws {StoreError} `AlreadyExists`, `NotFound`, `InvalidArgument`
   */
  fork(bucket: string, options?: ForkOptions): Promise<void>;
}
