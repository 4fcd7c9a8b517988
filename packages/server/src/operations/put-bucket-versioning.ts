/** PutBucketVersioning: enabled or suspended; what is in the bucket stays as it is. */

import { parseVersioning } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';
import { receiveDocument } from './receive-document.ts';

export async function putBucketVersioning(context: InBucket): Promise<Reply> {
  const { services, bucket } = context;
  const { bytes } = await receiveDocument(context);
  const status = parseVersioning(bytes);
  await services.catalog.setVersioning(bucket.id, status === 'Enabled' ? 'enabled' : 'suspended');
  return emptyReply(200);
}
