/**
 * Every change of the catalog, decided and made inside the writer's transaction, one after another. Each mutation runs
 * in a savepoint of its own: what it throws undoes it and nothing else. Synchronous; no I/O but SQLite's.
 */

import type {
  Bucket,
  Content,
  CopyRequest,
  Published,
  PublishRequest,
  Reservation,
  ReserveRequest,
  VersionAttributes,
  WriteCondition,
} from '../catalog.ts';
import { CatalogError } from '../errors.ts';
import type { Mutation, MutationResult, Mutations } from './mutation.ts';
import type { BlobPins } from './blob-pins.ts';
import type { SqliteReader } from './reader.ts';
import { BLOB_STATE, FEED_KIND } from './schema.ts';
import { purgeManifest } from './purge.ts';
import type { WriteStatements } from './write-statements.ts';

/** A reservation that cannot be answered yet: its content is being deleted, and is asked for again afterwards. */
export const WAIT = Symbol('wait');

export interface WriteContext {
  readonly sql: WriteStatements;
  /** Over the writing connection: sees the transaction's own changes. */
  readonly reader: SqliteReader;
  readonly pins: BlobPins;
  readonly now: () => number;
  /** Draws the next sequence number of this transaction. */
  readonly nextSequence: () => number;
  /** Throws `StorageFull` when the rest of the disk is for deletions. */
  readonly requireRoom: () => void;
  /** To be called when a bucket was made or deleted: readers keep buckets until they hear of it. */
  readonly bucketsChanged: () => void;
}

export function applyMutation(context: WriteContext, mutation: Mutation): MutationResult | typeof WAIT {
  switch (mutation.name) {
    case 'publishVersion':
      return publishVersion(context, mutation.input);
    case 'deleteVersions':
      return deleteVersions(context, mutation.input);
    case 'reserveBlob':
      return reserveBlob(context, mutation.input);
    case 'releaseBlob':
      context.pins.drop(mutation.input.blob);
      return undefined;
    case 'copyVersion':
      return copyVersion(context, mutation.input);
    case 'createBucket':
      return createBucket(context, mutation.input);
    case 'deleteBucket':
      return deleteBucket(context, mutation.input);
  }
}

function createBucket(context: WriteContext, input: Mutations['createBucket']['input']): Bucket {
  const { sql, reader } = context;
  const { name, owner, region } = input;
  context.requireRoom();
  const existing = reader.findBucket(name);
  if (existing !== undefined) {
    const mine = existing.owner === owner;
    throw new CatalogError(mine ? 'BucketOwnedByYou' : 'BucketExists', `The bucket ${name} exists`);
  }
  const id = context.nextSequence();
  const createdMs = context.now();
  context.bucketsChanged();
  sql.insertBucket.run(id, name, owner, region, id, createdMs);
  sql.insertFeed.run(id, createdMs, FEED_KIND.bucketCreated, id, name, null, null);
  return { id, name, owner, region, scope: id, createdMs };
}

function deleteBucket(context: WriteContext, { bucket }: { bucket: number }): undefined {
  const { sql } = context;
  const { name } = requireBucket(context, bucket);
  if (sql.bucketHasVersions.get(bucket) !== undefined) {
    throw new CatalogError('BucketNotEmpty', `The bucket ${name} is not empty`);
  }
  context.bucketsChanged();
  sql.deleteBucket.run(bucket);
  sql.insertFeed.run(
    context.nextSequence(),
    context.now(),
    FEED_KIND.bucketDeleted,
    bucket,
    name,
    null,
    null,
  );
  return undefined;
}

function requireBucket(context: WriteContext, bucket: number): { name: string; scope: number } {
  const row = context.sql.bucketById.get(bucket);
  if (row === undefined) throw new CatalogError('NoSuchBucket', 'The bucket does not exist');
  return row as { name: string; scope: number };
}

function reserveBlob(context: WriteContext, input: ReserveRequest): Reservation | typeof WAIT {
  const { sql, pins } = context;
  const row = sql.blobByHash.get(input.scope, input.sha256) as
    | { id: number; state: number; location: string }
    | undefined;
  if (row?.state === BLOB_STATE.deleting) return WAIT;
  if (row !== undefined) {
    pins.add(row.id);
    return { blob: row.id, location: row.location, stored: row.state === BLOB_STATE.live };
  }
  const blob = context.nextSequence();
  const hex = Buffer.from(input.sha256).toString('hex');
  const location = `${input.scope}/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`;
  sql.insertPendingBlob.run(blob, input.scope, input.sha256, input.length, input.length, location);
  pins.add(blob);
  return { blob, location, stored: false };
}

function publishVersion(context: WriteContext, input: PublishRequest): Published {
  // Used up in success and in failure: a blob that nothing refers to by then is the reaper's.
  if (input.content.kind === 'blob') context.pins.drop(input.content.blob);
  // The bytes of a blob have got their room already.
  else context.requireRoom();
  const { scope } = requireBucket(context, input.bucket);
  checkCondition(context, input.bucket, input.key, input.condition);
  const seq = context.nextSequence();
  const manifest = insertManifest(context, { seq, scope, size: input.size, content: input.content });
  return replaceCurrent(context, {
    ...input,
    seq,
    manifest,
    extents: manifest === null ? 0 : 1,
    kind: FEED_KIND.put,
  });
}

/** A manifest of one extent, or none for an empty object. It is numbered by the sequence number of its version. */
function insertManifest(
  context: WriteContext,
  input: { seq: number; scope: number; size: number; content: Content },
): number | null {
  const { sql } = context;
  const { seq, size, content } = input;
  let blob: number;
  switch (content.kind) {
    case 'empty':
      return null;
    case 'inline':
      blob = seq;
      sql.insertInlineBlob.run(
        blob,
        input.scope,
        content.sha256,
        size,
        content.data.byteLength,
        content.data,
      );
      break;
    case 'blob':
      blob = content.blob;
      if (sql.addBlobRef.get(blob) === undefined) throw new Error(`blob ${blob} was not reserved`);
      break;
  }
  sql.insertManifest.run(seq, 1, size);
  sql.insertExtent.run(seq, 0, size, blob, 0);
  return seq;
}

function copyVersion(context: WriteContext, input: CopyRequest): Published {
  const { sql, reader } = context;
  context.requireRoom();
  requireBucket(context, input.bucket);
  const source = reader.findVersion(input.sourceBucket, input.sourceKey);
  if (source?.seq !== input.sourceSeq)
    throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
  checkCondition(context, input.bucket, input.key, input.condition);
  // Before the replaced version gives its reference up: it may be the source itself.
  if (source.manifest !== null) sql.addManifestRef.run(source.manifest);
  const { size, etag, manifest, extents } = source;
  const checksum =
    input.checksumAlgorithm === null
      ? { checksumAlgorithm: source.checksumAlgorithm, checksumValue: source.checksumValue }
      : { checksumAlgorithm: input.checksumAlgorithm, checksumValue: input.checksumValue };
  const seq = context.nextSequence();
  return replaceCurrent(context, {
    ...input,
    ...checksum,
    seq,
    size,
    etag,
    manifest,
    extents,
    kind: FEED_KIND.copy,
  });
}

interface NewVersion extends VersionAttributes {
  readonly bucket: number;
  readonly key: string;
  readonly seq: number;
  readonly manifest: number | null;
  readonly extents: number;
  readonly kind: number;
}

function replaceCurrent(context: WriteContext, version: NewVersion): Published {
  const { sql } = context;
  const { bucket, key, seq, size, etag } = version;
  const modifiedMs = context.now();
  const replaced = sql.deleteCurrent.get(bucket, key) as { manifest: number | null } | undefined;
  sql.insertVersion.run(
    bucket,
    key,
    seq,
    modifiedMs,
    size,
    etag,
    version.storageClass,
    version.owner,
    version.manifest,
    version.extents,
    version.checksumAlgorithm,
    version.checksumValue,
    version.tags,
    version.attributes,
  );
  sql.insertFeed.run(seq, modifiedMs, version.kind, bucket, key, size, etag);
  if (replaced !== undefined && replaced.manifest !== null) purgeManifest(sql, replaced.manifest);
  return { seq, modifiedMs };
}

function checkCondition(
  context: WriteContext,
  bucket: number,
  key: string,
  condition: WriteCondition | null,
): void {
  if (condition === null) return;
  const current = context.reader.findVersion(bucket, key);
  if ('ifAbsent' in condition) {
    if (current !== undefined) throw new CatalogError('PreconditionFailed', 'The key exists');
    return;
  }
  if (current === undefined) throw new CatalogError('NoSuchKey', 'The key does not exist');
  if (condition.ifMatch !== '*' && current.etag !== condition.ifMatch) {
    throw new CatalogError('PreconditionFailed', 'The key has another ETag');
  }
}

function deleteVersions(context: WriteContext, input: Mutations['deleteVersions']['input']): undefined {
  const { sql } = context;
  requireBucket(context, input.bucket);
  for (const key of input.keys) {
    const deleted = sql.deleteCurrent.get(input.bucket, key) as { manifest: number | null } | undefined;
    if (deleted === undefined) continue;
    sql.insertFeed.run(
      context.nextSequence(),
      context.now(),
      FEED_KIND.delete,
      input.bucket,
      key,
      null,
      null,
    );
    if (deleted.manifest !== null) purgeManifest(sql, deleted.manifest);
  }
  return undefined;
}
