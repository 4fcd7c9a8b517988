/** HeadBucket: that the bucket is there and the user may use it has been decided before. */

import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';

export function headBucket({ bucket }: InBucket): Reply {
  return emptyReply(200, ['x-amz-bucket-region', bucket.region, 'x-amz-access-point-alias', 'false']);
}
