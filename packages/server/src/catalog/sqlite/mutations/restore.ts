/** Restoring an archived version: until when it can be read. Its bytes and its place in the history stay as they are. */

import type { RestoreRequest } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { FEED_KIND } from '../schema.ts';
import { requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';

export function restoreVersion(context: WriteContext, input: RestoreRequest): { extended: boolean } {
  const { sql, reader } = context;
  const { key, version, untilMs } = input;
  context.requireRoom();
  const bucket = requireBucket(context, input.bucket);
  const found = reader.findVersion(bucket.id, key, { version });
  if (found === undefined || found.deleteMarker)
    throw new CatalogError('NoSuchKey', 'There is no such version to restore');
  const { seq, size, etag, isNull, restoredUntilMs } = found;
  sql.setRestored.run(untilMs, bucket.id, key, seq);
  const nowMs = context.now();
  const id = isNull ? null : seq;
  sql.insertFeed.run(context.nextSequence(), nowMs, FEED_KIND.restore, bucket.id, key, size, etag, id);
  return { extended: restoredUntilMs !== null && restoredUntilMs > nowMs };
}
