/** GetBucketLocation. */

import { encodeBucketLocation } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';

export function getBucketLocation({ bucket }: InBucket): Reply {
  return xmlReply(200, encodeBucketLocation(bucket.region));
}
