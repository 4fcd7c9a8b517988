/**
 * RestoreObject: an archived version can be read for some days. Its bytes are at hand, so that this takes no time: it is
 * never "in progress", whichever tier is asked for.
 */

import { isArchived, parseRestore, readVersionId, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { receiveDocument } from './receive-document.ts';
import { idOf, requireData } from './version-ids.ts';

const DAY_MS = 24 * 3600 * 1000;

export async function restoreObject(
  context: InBucket,
  { key, query }: Operation<'RestoreObject'>,
): Promise<Reply> {
  const { services, bucket } = context;
  const { catalog } = services;
  const version = readVersionId(query.get('versionId'));
  const { days } = parseRestore((await receiveDocument(context)).bytes);
  const choice = { version };
  const found = await catalog.findVersion(bucket.id, key, choice);
  requireData(found, { key, choice, method: 'POST' });
  if (!isArchived(found.storageClass)) {
    const { storageClass: StorageClass } = found;
    const message = "Restore is not allowed for the object's current storage class";
    throw new S3Error('InvalidObjectState', message, { StorageClass });
  }
  const { extended } = await catalog.restoreVersion({
    bucket: bucket.id,
    key,
    version: idOf(found),
    untilMs: endOf(services.now(), days),
  });
  return emptyReply(extended ? 200 : 202);
}

/** S3 rounds up to the next midnight UTC: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html. */
function endOf(nowMs: number, days: number): number {
  return Math.ceil((nowMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}
