/** RenameObject: in one bucket, at once, without moving a byte. */

import { parseRename, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';

export async function renameObject(
  { services, bucket, headers, body }: InBucket,
  { key }: Operation<'RenameObject'>,
): Promise<Reply> {
  if (!body.finished) throw new S3Error('InvalidRequest', 'RenameObject takes no body.');
  const { sourceKey, sourceConditions, destinationConditions, clientToken } = parseRename(headers, key);
  await services.catalog.renameVersion({
    bucket: bucket.id,
    sourceKey,
    key,
    sourceConditions,
    destinationConditions,
    token: clientToken ?? null,
  });
  return emptyReply(200);
}
