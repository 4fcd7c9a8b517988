/**
 * The versions of a key: what becomes the latest, what becomes of those before it, and which of them surfaces when the
 * latest is removed. Everything that makes, replaces or removes a version comes through here, and so does everything
 * that a snapshot must not lose: what one shows is retired, not deleted.
 *
 * The rules of the null version: https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectsfromVersionSuspendedBuckets.html.
 */

import type { DeletionResult, Published, VersionAttributes, VersionId } from '../../catalog.ts';
import { purgeManifest } from '../purge.ts';
import { versionSum } from '../row-sums.ts';
import { manifestOfRemoved } from '../rows.ts';
import { FEED_KIND, PLACE, VERSIONING } from '../schema.ts';
import type { BucketRow, WriteContext } from './context.ts';

export interface NewVersion extends VersionAttributes {
  readonly key: string;
  /** Drawn by the caller, after every older version of the key. */
  readonly seq: number;
  /** With a reference taken for this version. */
  readonly manifest: number | null;
  readonly extents: number;
  /** Of a multipart upload; 0: none. */
  readonly parts: number;
  /** Default: now. */
  readonly modifiedMs?: number;
  /** Of one that goes on as it is under another number. Default: it was not restored. */
  readonly restoredUntilMs?: number | null;
  /** One of FEED_KIND. */
  readonly kind: number;
}

/** Makes a version the current one of its key. */
export function makeCurrent(context: WriteContext, bucket: BucketRow, version: NewVersion): Published {
  const { sql } = context;
  const { key, seq, size, etag } = version;
  const nowMs = context.now();
  const { modifiedMs = nowMs, restoredUntilMs = null } = version;
  const isNull = bucket.versioning !== VERSIONING.enabled;
  // Its references are given up last: they may be to what the new one was made of.
  const replaced = giveWay(context, bucket, key, isNull);
  sql.insertVersion.run(
    bucket.id,
    PLACE.current,
    key,
    seq,
    seq,
    Number(isNull),
    0,
    modifiedMs,
    size,
    etag,
    version.storageClass,
    version.owner,
    version.manifest,
    version.extents,
    version.parts,
    version.checksumAlgorithm,
    version.checksumValue,
    version.tags,
    version.attributes,
    versionSum(
      { ...version, modifiedMs, since: seq, isNull, deleteMarker: false, restoredUntilMs: null },
      { bucket: bucket.id, retiredSeq: null },
    ),
  );
  if (restoredUntilMs !== null) sql.setRestored.run(restoredUntilMs, bucket.id, key, seq);
  // The time of the change: a renamed object is older, and the feed forgets what is old.
  sql.insertFeed.run(seq, nowMs, version.kind, bucket.id, key, size, etag, isNull ? null : seq);
  if (replaced !== null) purgeManifest(sql, replaced);
  return { seq, modifiedMs, version: versionOf(bucket, { seq, isNull }) };
}

/** Takes the current version of a key away, without a delete marker. @returns its manifest, to be purged */
export function removeCurrent(context: WriteContext, bucket: BucketRow, key: string): number | null {
  return removeRow(context, bucket, { place: PLACE.current, key })?.manifest ?? null;
}

/** Deletes a key without naming a version: a delete marker becomes its latest version, where there are versions. */
export function deleteKey(context: WriteContext, bucket: BucketRow, key: string): DeletionResult {
  const { sql } = context;
  const { id, versioning } = bucket;
  if (versioning === VERSIONING.never) {
    const gone = removeRow(context, bucket, { place: PLACE.current, key });
    if (gone !== undefined) {
      sql.insertFeed.run(context.nextSequence(), context.now(), FEED_KIND.delete, id, key, null, null, null);
      if (gone.manifest !== null) purgeManifest(sql, gone.manifest);
    }
    return { version: null, deleteMarker: false, error: null };
  }
  context.requireRoom();
  const isNull = versioning !== VERSIONING.enabled;
  const seq = context.nextSequence();
  const nowMs = context.now();
  const replaced = giveWay(context, bucket, key, isNull);
  const marker = { ...DELETE_MARKER, key, seq, since: seq, isNull, modifiedMs: nowMs };
  const sum = versionSum(marker, { bucket: id, retiredSeq: null });
  sql.insertDeleteMarker.run(id, PLACE.noncurrent, key, seq, seq, Number(isNull), nowMs, sum);
  sql.insertFeed.run(seq, nowMs, FEED_KIND.deleteMarker, id, key, null, null, isNull ? null : seq);
  if (replaced !== null) purgeManifest(sql, replaced);
  return { version: versionOf(bucket, { seq, isNull }), deleteMarker: true, error: null };
}

/** Removes one version or delete marker for good. What is not there is removed, too. */
export function deleteVersion(
  context: WriteContext,
  bucket: BucketRow,
  key: string,
  version: VersionId,
): DeletionResult {
  const { sql } = context;
  const row = findShown(context, bucket, key, version);
  if (row === undefined) return { version, deleteMarker: false, error: null };
  const removed =
    removeRow(context, bucket, { place: PLACE.current, key, version: row.seq }) ??
    removeRow(context, bucket, { place: PLACE.noncurrent, key, version: row.seq });
  // The newest of those that are left is the latest now: it is current, unless it is a delete marker.
  sql.surface.run(bucket.id, key);
  const deleteMarker = row.deleteMarker === 1;
  const id = row.nullVersion === 1 ? null : row.seq;
  sql.insertFeed.run(
    context.nextSequence(),
    context.now(),
    FEED_KIND.deleteVersion,
    bucket.id,
    key,
    null,
    null,
    id,
  );
  if (removed !== undefined && removed.manifest !== null) purgeManifest(sql, removed.manifest);
  return { version, deleteMarker, error: null };
}

interface ShownRow {
  readonly seq: number;
  readonly nullVersion: number;
  readonly deleteMarker: number;
}

/** One that S3 shows, also when its row is not what was written: nobody could get rid of that otherwise. */
function findShown(
  { sql }: WriteContext,
  { id }: BucketRow,
  key: string,
  version: VersionId,
): ShownRow | undefined {
  const row =
    version === 'null'
      ? (sql.currentNull.get(id, key) ?? sql.noncurrentNull.get(id, key))
      : sql.shownBySeq.get(id, key, version);
  return row as unknown as ShownRow | undefined;
}

/**
 * Moves what is the latest of a key out of the way of a newer version: a null version replaces the null version,
 * wherever that stands, and leaves all others.
 *
 * @returns the manifest of what was deleted: to be purged
 */
function giveWay(context: WriteContext, bucket: BucketRow, key: string, toNull: boolean): number | null {
  const { sql } = context;
  if (bucket.versioning === VERSIONING.never)
    return removeRow(context, bucket, { place: PLACE.current, key })?.manifest ?? null;
  if (!toNull) {
    sql.demote.run(bucket.id, key);
    return null;
  }
  const current = removeRow(context, bucket, { place: PLACE.current, key, onlyNull: true });
  if (current !== undefined) return current.manifest;
  sql.demote.run(bucket.id, key);
  const old = sql.noncurrentNull.get(bucket.id, key) as { seq: number } | undefined;
  if (old === undefined) return null;
  return removeRow(context, bucket, { place: PLACE.noncurrent, key, version: old.seq })?.manifest ?? null;
}

/**
 * Takes a row out of its place: deletes it, or retires it for the snapshots.
 *
 * @returns undefined: it is not there; its manifest when the row's reference to it is to be given up, null otherwise
 */
function removeRow(
  context: WriteContext,
  bucket: BucketRow,
  { place, key, version, onlyNull = false }: RowToRemove,
): { manifest: number | null } | undefined {
  const { sql } = context;
  const row = [
    bucket.id,
    place,
    key,
    version ?? 0,
    version ?? Number.MAX_SAFE_INTEGER,
    Number(onlyNull),
  ] as const;
  if (bucket.snapshotSeq > 0) {
    const { changes } = sql.retire.run(context.nextSequence(), ...row, bucket.snapshotSeq);
    if (changes !== 0) return { manifest: null };
  }
  const found = sql.rowToRemove.get(...row);
  if (found === undefined) return undefined;
  sql.deleteRow.run(...row);
  return { manifest: manifestOfRemoved({ bucket: bucket.id, key }, found) };
}

/** What its row says beside its key, its numbers and its time. */
const DELETE_MARKER = {
  size: 0,
  etag: '',
  storageClass: 'STANDARD',
  manifest: null,
  extents: 0,
  parts: 0,
  checksumAlgorithm: null,
  checksumValue: null,
  tags: null,
  attributes: '{}',
  owner: '',
  restoredUntilMs: null,
  deleteMarker: true,
} as const;

interface RowToRemove {
  readonly place: number;
  readonly key: string;
  /** Default: whichever is there. The current place has one row a key. */
  readonly version?: number;
  /** Only if it is the null version. */
  readonly onlyNull?: boolean;
}

/** As it is told to a client: a bucket that never had versions has none to tell of. */
export function versionOf(
  bucket: BucketRow,
  { seq, isNull }: { seq: number; isNull: boolean },
): VersionId | null {
  if (bucket.versioning === VERSIONING.never) return null;
  return isNull ? 'null' : seq;
}
