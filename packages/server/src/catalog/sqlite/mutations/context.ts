/** What a mutation may use inside the writer's transaction. */

import { CatalogError } from '../../errors.ts';
import type { BlobPins } from '../blob-pins.ts';
import type { SqliteReader } from '../reader.ts';
import type { UploadChange } from '../../uploads.ts';
import type { UploadReader } from '../upload-reader.ts';
import type { UploadStatements } from '../upload-statements.ts';
import type { WriteStatements } from '../write-statements.ts';

/** A reservation that cannot be answered yet: its content is being deleted, and is asked for again afterwards. */
export const WAIT = Symbol('wait');

export interface WriteContext {
  readonly sql: WriteStatements;
  /** Those that were looked up since one of them may have changed. */
  readonly buckets: Map<number, BucketRow>;
  /** Over the writing connection: sees the transaction's own changes. */
  readonly reader: SqliteReader;
  readonly uploads: UploadStatements;
  readonly uploadReader: UploadReader;
  readonly pins: BlobPins;
  readonly now: () => number;
  /** The time by which rename tokens grow old. */
  readonly tokenNow: () => number;
  /** Draws the next sequence number of this transaction. */
  readonly nextSequence: () => number;
  /** Throws `StorageFull` when the rest of the disk is for deletions. */
  readonly requireRoom: () => void;
  /** To be called when a bucket was made, changed or deleted: readers keep buckets until they hear of it. */
  readonly bucketsChanged: () => void;
  /** To be called when a part was committed or an upload has ended: who reads it meanwhile is woken. */
  readonly uploadChanged: (change: UploadChange) => void;
}

export interface BucketRow {
  readonly id: number;
  readonly name: string;
  readonly scope: number;
  /** One of VERSIONING. */
  readonly versioning: number;
  /** What is not newer is kept when it is replaced, for a snapshot shows it. 0: there is none. */
  readonly snapshotSeq: number;
}

/** @throws CatalogError NoSuchBucket */
export function requireBucket({ sql, buckets }: WriteContext, bucket: number): BucketRow {
  const known = buckets.get(bucket);
  if (known !== undefined) return known;
  const row = sql.buckets.byId.get(bucket) as unknown as BucketRow | undefined;
  if (row === undefined) throw new CatalogError('NoSuchBucket', 'The bucket does not exist');
  buckets.set(bucket, row);
  return row;
}

/** @returns the number drawn for it */
export function feedOfBucket(context: WriteContext, kind: number, bucket: number, name: string): number {
  const seq = context.nextSequence();
  context.sql.insertFeed.run(seq, context.now(), kind, bucket, name, null, null, null);
  return seq;
}
