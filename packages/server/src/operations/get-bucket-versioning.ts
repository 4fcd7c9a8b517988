/** GetBucketVersioning. */

import { encodeVersioning } from '@cistern/protocol';
import type { Versioning } from '../catalog/catalog.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';

const STATUS = { never: undefined, enabled: 'Enabled', suspended: 'Suspended' } as const satisfies Record<
  Versioning,
  unknown
>;

export async function getBucketVersioning({ bucket }: InBucket): Promise<Reply> {
  return xmlReply(200, encodeVersioning(STATUS[bucket.versioning]));
}
