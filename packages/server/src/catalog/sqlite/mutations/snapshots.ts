/**
 * Making and deleting snapshots. One is a row with a sequence number; from then on `history.ts` retires what it shows
 * instead of deleting it. One that is deleted is marked, and nothing is retired for it any more; the sweeper removes
 * what only it showed, and its row last.
 */

import { CatalogError } from '../../errors.ts';
import { SNAPSHOTS_MAX } from '../../snapshots.ts';
import type { Snapshot } from '../../snapshots.ts';
import { FEED_KIND, SNAPSHOT_STATE } from '../schema.ts';
import { feedOfBucket, requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';

/** A message names no more of them. */
const NAMED_MAX = 3;

export function createSnapshot(
  context: WriteContext,
  { bucket, name }: { bucket: number; name: string },
): Snapshot {
  const { sql } = context;
  context.requireRoom();
  requireBucket(context, bucket);
  if (sql.snapshots.exists.get(bucket, name) !== undefined) {
    throw new CatalogError('SnapshotExists', `The bucket has a snapshot ${name}`);
  }
  const { count } = sql.snapshots.count.get(bucket) as { count: number };
  if (count >= SNAPSHOTS_MAX) throw new CatalogError('TooManySnapshots', 'The bucket has too many snapshots');
  const createdMs = context.now();
  const seq = feedOfBucket(context, FEED_KIND.snapshotMade, bucket, name);
  sql.snapshots.insert.run(bucket, name, seq, createdMs, SNAPSHOT_STATE.there);
  sql.snapshots.setNewest.run(bucket);
  context.bucketsChanged();
  return { name, seq, createdMs };
}

export function deleteSnapshot(
  context: WriteContext,
  { bucket, name }: { bucket: number; name: string },
): undefined {
  requireBucket(context, bucket);
  if (context.sql.snapshots.exists.get(bucket, name) === undefined) {
    throw new CatalogError('NoSuchSnapshot', `The bucket has no snapshot ${name}`);
  }
  const seq = feedOfBucket(context, FEED_KIND.snapshotDeleted, bucket, name);
  markDeleting(context, { bucket, name, as: nameOf(seq) });
  context.bucketsChanged();
  return undefined;
}

/** Of a row that is no snapshot of anybody's: no snapshot can be called so. */
export const nameOf = (seq: number): string => `#${seq}`;

export function markDeleting(
  { sql }: WriteContext,
  { bucket, name, as }: { bucket: number; name: string; as: string },
): void {
  sql.snapshots.markDeleting.run(bucket, name, as);
  sql.snapshots.setNewest.run(bucket);
}

/** @throws CatalogError BucketNotEmpty */
export function refuseWhileSnapshots({ sql }: WriteContext, bucket: number, name: string): void {
  const found = sql.snapshots.holders.all(bucket, NAMED_MAX + 1) as unknown as {
    name: string;
    state: number;
  }[];
  if (found.length === 0) return;
  const snapshots = found
    .filter(({ state }) => state === SNAPSHOT_STATE.there)
    .map((snapshot) => snapshot.name);
  if (snapshots.length === 0) {
    throw new CatalogError(
      'BucketNotEmpty',
      `A fork of the bucket ${name} is being made. Try again when it is there.`,
    );
  }
  const named = snapshots.slice(0, NAMED_MAX).join(', ') + (snapshots.length > NAMED_MAX ? ' and more' : '');
  throw new CatalogError('BucketNotEmpty', `The bucket ${name} has snapshots: ${named}. Delete them first.`);
}
