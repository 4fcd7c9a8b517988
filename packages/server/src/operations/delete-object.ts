/** DeleteObject: what is not there is deleted, too, unless a condition says that it must be there. */

import { parseDeleteCondition, readVersionId } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { HeaderList, Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { deletionError } from './deletion-error.ts';
import { formatId } from './version-ids.ts';

export async function deleteObject(context: InBucket, operation: Operation<'DeleteObject'>): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key } = operation;
  const version = readVersionId(operation.query.get('versionId'));
  const condition = parseDeleteCondition(headers);
  const [result] = await services.catalog.deleteVersions(bucket.id, [{ key, version, condition }]);
  if (result === undefined) throw new Error('a deletion without a result');
  if (result.error !== null) throw deletionError(result.error, { key, version });
  const answer: HeaderList = [];
  if (result.version !== null) answer.push('x-amz-version-id', formatId(result.version));
  if (result.deleteMarker) answer.push('x-amz-delete-marker', 'true');
  return emptyReply(204, answer);
}
