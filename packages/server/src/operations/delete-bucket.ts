/** DeleteBucket: only an empty one, decided in the writer's transaction. */

import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';

export async function deleteBucket({ services, bucket }: InBucket): Promise<Reply> {
  await services.catalog.deleteBucket(bucket.id);
  return emptyReply(204);
}
