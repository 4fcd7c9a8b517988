/** Publishing a version: of bytes that came, or of those of another version. */

import type { CopyRequest, Published, PublishRequest } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { FEED_KIND } from '../schema.ts';
import { referToContent, takeContent } from './blobs.ts';
import { checkCondition } from './conditions.ts';
import { requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';
import { makeCurrent } from './history.ts';

export function publishVersion(context: WriteContext, input: PublishRequest): Published {
  const { sql } = context;
  const { content, size } = input;
  takeContent(context, content);
  const bucket = requireBucket(context, input.bucket);
  if (input.condition !== null)
    checkCondition(context.reader.findVersion(bucket.id, input.key), input.condition);
  const seq = context.nextSequence();
  const blob = referToContent(context, { content, seq, scope: bucket.scope, size });
  // A manifest of one extent, numbered by the sequence number of its version, or none for an empty object.
  if (blob !== null) {
    sql.insertManifest.run(seq, 1, size);
    sql.insertExtent.run(seq, 0, size, blob, 0);
  }
  const manifest = blob === null ? null : seq;
  const extents = blob === null ? 0 : 1;
  return makeCurrent(context, bucket, { ...input, seq, manifest, extents, parts: 0, kind: FEED_KIND.put });
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
  const { size, etag, manifest, extents, parts } = source;
  const checksum =
    input.checksumAlgorithm === null
      ? { checksumAlgorithm: source.checksumAlgorithm, checksumValue: source.checksumValue }
      : { checksumAlgorithm: input.checksumAlgorithm, checksumValue: input.checksumValue };
  const seq = context.nextSequence();
  const made = { size, etag, manifest, extents, parts, ...checksum };
  return makeCurrent(context, bucket, { ...input, ...made, seq, kind: FEED_KIND.copy });
}
