/**
 * Snapshots and forks of buckets, as part of the catalog's interface. A snapshot is a sequence number with a name: making
 * one takes the same time whatever the bucket holds. A fork is a new bucket with the same objects, which shares their
 * bytes and never copies them.
 */

import type { Bucket } from './catalog.ts';

/** Of one bucket. */
export const SNAPSHOTS_MAX = 1000;

export interface Snapshot {
  readonly name: string;
  /** What was committed up to this number is what it shows: `asOf` of a read. */
  readonly seq: number;
  readonly createdMs: number;
}

export interface ForkRequest {
  readonly source: number;
  /** Of a snapshot; null: the bucket as it is when the fork begins. */
  readonly sourceAsOf: number | null;
  /** Of each key the newest version that is still there and was made up to this time; default: the latest. */
  readonly untilMs?: number | undefined;
  readonly name: string;
  /** Of the new bucket and its objects. */
  readonly owner: string;
  readonly region: string;
}

/**
 * A snapshot is found as a bucket (`Catalog.findBucket`) under the name that `snapshotBucketName` tells, with `asOf`; a
 * read with the number of a snapshot that is no more rejects with `NoSuchBucket`.
 */
export interface SnapshotCatalog {
  /** Rejects with `SnapshotExists`, `TooManySnapshots`, `NoSuchBucket`. */
  create(bucket: number, name: string): Promise<Snapshot>;
  /** In name order. */
  list(bucket: number): Promise<readonly Snapshot[]>;
  /** What only it showed is given up in the background. Rejects with `NoSuchSnapshot`, `NoSuchBucket`. */
  delete(bucket: number, name: string): Promise<void>;
  /**
   * Makes a bucket without versions of what the source shows. Its name is taken at once, and nobody sees it until it is
   * whole; what of a failed one was made is removed in the background. It shows one moment of its source, though that
   * be written to meanwhile. Resolves when it is whole. Rejects with `BucketExists`, `BucketOwnedByYou`, `NoSuchBucket`
   * and `StorageFull`.
   */
  fork(request: ForkRequest): Promise<Bucket>;
}
