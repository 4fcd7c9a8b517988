/** DeleteObject: what is not there is deleted, too. */

import { checkVersionId, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';

export async function deleteObject(context: InBucket, operation: Operation<'DeleteObject'>): Promise<Reply> {
  const { services, bucket, headers } = context;
  checkVersionId(operation.query.get('versionId'));
  for (const name of ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']) {
    if (headers.has(name))
      throw new S3Error('NotImplemented', `${name} is not implemented for deletes.`, { Header: name });
  }
  await services.catalog.deleteVersions(bucket.id, [{ key: operation.key }]);
  return emptyReply(204);
}
