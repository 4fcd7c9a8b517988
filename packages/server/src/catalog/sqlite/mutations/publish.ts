/** Publishing a version: of bytes that came, or of those of another version. */

import type { Content, CopyRequest, Published, PublishRequest } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { FEED_KIND } from '../schema.ts';
import { referToContent, takeContent } from './blobs.ts';
import { checkCondition } from './conditions.ts';
import { requireBucket } from './context.ts';
import type { BucketRow, WriteContext } from './context.ts';
import { makeCurrent } from './history.ts';
import type { NewVersion } from './history.ts';

export function publishVersion(context: WriteContext, input: PublishRequest): Published {
  takeContent(context, input.content);
  const bucket = requireBucket(context, input.bucket);
  if (input.condition !== null)
    checkCondition(context.reader.findVersion(bucket.id, input.key), input.condition);
  return publishContent(context, bucket, { ...input, parts: 0, kind: FEED_KIND.put });
}

/** A version of content of its own. `takeContent` was called. */
export function publishContent(
  context: WriteContext,
  bucket: BucketRow,
  input: Omit<NewVersion, 'seq' | 'manifest' | 'extents'> & { readonly content: Content },
): Published {
  const { sql } = context;
  const { content, size } = input;
  const seq = context.nextSequence();
  const blob = referToContent(context, { content, seq, scope: bucket.scope, size });
  // A manifest of one extent, numbered by the sequence number of its version, or none for an empty object.
  if (blob !== null) {
    sql.insertManifest.run(seq, 1, size);
    sql.insertExtent.run(seq, 0, size, blob, 0);
  }
  const manifest = blob === null ? null : seq;
  const extents = blob === null ? 0 : 1;
  return makeCurrent(context, bucket, { ...input, seq, manifest, extents });
}

export function copyVersion(context: WriteContext, input: CopyRequest): Published {
  const { sql, reader } = context;
  context.requireRoom();
  const bucket = requireBucket(context, input.bucket);
  const { sourceVersion: version, sourceAsOf: asOf = null } = input;
  const source = reader.findVersion(input.sourceBucket, input.sourceKey, { version, asOf });
  if (source?.seq !== input.sourceSeq)
    throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
  if (source.deleteMarker) throw new CatalogError('NoSuchKey', 'A delete marker cannot be copied');
  if (input.condition !== null) checkCondition(reader.findVersion(bucket.id, input.key), input.condition);
  // Before the replaced version gives its reference up: it may be the source itself.
  if (source.manifest !== null) sql.addManifestRef.run(source.manifest);
  const { size, etag, manifest, extents } = source;
  const checksum =
    input.checksumAlgorithm === null
      ? { checksumAlgorithm: source.checksumAlgorithm, checksumValue: source.checksumValue }
      : { checksumAlgorithm: input.checksumAlgorithm, checksumValue: input.checksumValue };
  const seq = context.nextSequence();
  // As on S3 the copy of a multipart object has no parts.
  const made = { size, etag, manifest, extents, parts: 0, ...checksum };
  return makeCurrent(context, bucket, { ...input, ...made, seq, kind: FEED_KIND.copy });
}
