/** ListSnapshots, an operation of ours: all of a bucket's, in name order, with the names that they are read as. */

import { encodeSnapshots } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';

export async function listSnapshots({ services, bucket }: InBucket): Promise<Reply> {
  return xmlReply(200, encodeSnapshots(bucket.name, await services.catalog.snapshots.list(bucket.id)));
}
