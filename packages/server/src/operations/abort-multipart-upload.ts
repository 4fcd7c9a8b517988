/** AbortMultipartUpload: the upload's parts are given up. */

import { uploadIdOf } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';

export async function abortMultipartUpload(
  { services, bucket }: InBucket,
  { key, query }: Operation<'AbortMultipartUpload'>,
): Promise<Reply> {
  await services.catalog.uploads.abortUpload({ bucket: bucket.id, key, upload: uploadIdOf(query) });
  return emptyReply(204);
}
