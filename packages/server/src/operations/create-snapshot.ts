/** CreateSnapshot, an operation of ours: names what the bucket holds now, in a time that does not depend on how much. */

import { checkSnapshotName, encodeSnapshot } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { refuseDocument } from './receive-document.ts';

export async function createSnapshot(
  context: InBucket,
  operation: Operation<'CreateSnapshot'>,
): Promise<Reply> {
  const { services, bucket } = context;
  const name = operation.query.get('cistern-snapshot') ?? '';
  checkSnapshotName(name);
  await refuseDocument(context, operation.name);
  const snapshot = await services.catalog.snapshots.create(bucket.id, name);
  return xmlReply(200, encodeSnapshot(bucket.name, snapshot));
}
