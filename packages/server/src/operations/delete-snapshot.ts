/** DeleteSnapshot, an operation of ours: what only the snapshot showed is given up in the background. */

import { checkSnapshotName } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';

export async function deleteSnapshot(
  { services, bucket }: InBucket,
  operation: Operation<'DeleteSnapshot'>,
): Promise<Reply> {
  const name = operation.query.get('cistern-snapshot') ?? '';
  checkSnapshotName(name);
  await services.catalog.snapshots.delete(bucket.id, name);
  return emptyReply(204);
}
