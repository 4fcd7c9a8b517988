/**
 * Changing the tags of a version. It keeps its number and its bytes; a snapshot that shows it goes on to show the tags that
 * it had, on a copy of the row.
 */

import type { Published, TagsRequest } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { versionSum } from '../row-sums.ts';
import { FEED_KIND } from '../schema.ts';
import { requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';
import { versionOf } from './history.ts';

export function setTags(context: WriteContext, input: TagsRequest): Pick<Published, 'version'> {
  const { sql, reader } = context;
  const { key, version, tags } = input;
  if (tags !== null) context.requireRoom();
  const bucket = requireBucket(context, input.bucket);
  const found = reader.findVersion(bucket.id, key, { version });
  if (found === undefined || found.deleteMarker)
    throw new CatalogError('NoSuchKey', 'There is no such version to tag');
  const { seq, since, manifest, size, etag, isNull } = found;
  const changed = context.nextSequence();
  if (since <= bucket.snapshotSeq) {
    sql.keepRetired.run(changed, bucket.id, key, seq);
    if (manifest !== null) sql.addManifestRef.run(manifest);
  }
  const sum = versionSum({ ...found, since: changed, tags }, { bucket: bucket.id, retiredSeq: null });
  sql.setTags.run(changed, tags, sum, bucket.id, key, seq);
  const id = isNull ? null : seq;
  sql.insertFeed.run(changed, context.now(), FEED_KIND.tags, bucket.id, key, size, etag, id);
  return { version: versionOf(bucket, found) };
}
