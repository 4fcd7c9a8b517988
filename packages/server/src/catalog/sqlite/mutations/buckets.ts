/** Making, changing and deleting buckets. */

import type { Bucket, ChosenVersioning } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { FEED_KIND, VERSIONING } from '../schema.ts';
import type { Mutations } from '../mutation.ts';
import type { SqliteReader } from '../reader.ts';
import { feedOfBucket, requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';
import { refuseWhileSnapshots } from './snapshots.ts';

export function createBucket(context: WriteContext, input: Mutations['createBucket']['input']): Bucket {
  const { sql, reader } = context;
  const { name, owner, region } = input;
  // Before the room: a start asks for buckets that are there.
  requireFreeName(reader, { name, owner });
  context.requireRoom();
  const id = context.nextSequence();
  const createdMs = context.now();
  context.bucketsChanged();
  sql.buckets.insert.run(id, name, owner, region, id, createdMs);
  sql.insertFeed.run(id, createdMs, FEED_KIND.bucketCreated, id, name, null, null, null);
  return { id, name, owner, region, scope: id, createdMs, versioning: 'never', tags: null, asOf: null };
}

/** @throws CatalogError BucketOwnedByYou, BucketExists */
export function requireFreeName(
  reader: SqliteReader,
  { name, owner }: { name: string; owner: string },
): void {
  const existing = reader.findName(name);
  if (existing === undefined) return;
  const mine = existing.owner === owner && existing.there;
  throw new CatalogError(mine ? 'BucketOwnedByYou' : 'BucketExists', `The bucket ${name} exists`);
}

export function deleteBucket(context: WriteContext, { bucket }: { bucket: number }): undefined {
  const { sql } = context;
  const { name } = requireBucket(context, bucket);
  refuseWhileSnapshots(context, bucket, name);
  if (sql.buckets.hasVersions.get(bucket) !== undefined) {
    throw new CatalogError('BucketNotEmpty', `The bucket ${name} is not empty. Delete what is in it first.`);
  }
  context.bucketsChanged();
  sql.buckets.delete.run(bucket);
  feedOfBucket(context, FEED_KIND.bucketDeleted, bucket, name);
  return undefined;
}

export function setVersioning(
  context: WriteContext,
  { bucket, versioning }: { bucket: number; versioning: ChosenVersioning },
): undefined {
  const row = requireBucket(context, bucket);
  const wanted = VERSIONING[versioning];
  if (wanted === row.versioning) return undefined;
  context.bucketsChanged();
  context.sql.buckets.setVersioning.run(wanted, bucket);
  feedOfBucket(context, FEED_KIND.bucketChanged, bucket, row.name);
  return undefined;
}

export function setBucketTags(
  context: WriteContext,
  { bucket, tags }: { bucket: number; tags: string | null },
): undefined {
  if (tags !== null) context.requireRoom();
  const { name } = requireBucket(context, bucket);
  context.bucketsChanged();
  context.sql.buckets.setTags.run(tags, bucket);
  feedOfBucket(context, FEED_KIND.bucketChanged, bucket, name);
  return undefined;
}
