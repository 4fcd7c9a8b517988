/**
 * RestoreObject: an archived version can be read for some days. Its bytes are at hand, so that this takes no time: it is
 * never "in progress", whichever tier is asked for.
 */

import { isArchived, parseRestore, readVersionId, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { receiveDocument } from './receive-document.ts';

const DAY_MS = 24 * 3600 * 1000;

export async function restoreObject(
  context: InBucket,
  { key, query }: Operation<'RestoreObject'>,
): Promise<Reply> {
  const { services, bucket } = context;
  const { catalog } = services;
  const version = readVersionId(query.get('versionId'));
  const { days } = parseRestore((await receiveDocument(context)).bytes);
  const found = await catalog.findVersion(bucket.id, key, { version });
  if (found === undefined && version !== undefined) throw new S3Error('NoSuchVersion');
  if (found === undefined || (found.deleteMarker && version === undefined))
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  if (found.deleteMarker) throw new S3Error('MethodNotAllowed');
  if (!isArchived(found.storageClass)) {
    const { storageClass: StorageClass } = found;
    const message = "Restore is not allowed for the object's current storage class";
    throw new S3Error('InvalidObjectState', message, { StorageClass });
  }
  const { extended } = await catalog.restoreVersion({
    bucket: bucket.id,
    key,
    version: version ?? (found.isNull ? 'null' : found.seq),
    untilMs: endOf(services.now(), days),
  });
  return emptyReply(extended ? 200 : 202);
}

/** S3 rounds up to the next midnight UTC: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html. */
function endOf(nowMs: number, days: number): number {
  return Math.ceil((nowMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}
