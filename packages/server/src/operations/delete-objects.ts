/** DeleteObjects: up to 1,000 keys, a result for each. The body must carry a digest, so that no damaged list deletes. */

import { encodeDeleteObjects, parseDeleteObjects, S3Error } from '@cistern/protocol';
import type { ObjectToDelete } from '@cistern/protocol';
import type { Deletion } from '../catalog/catalog.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';
import { receiveDocument } from './receive-document.ts';

export async function deleteObjects(context: InBucket): Promise<Reply> {
  const { services, bucket } = context;
  const { bytes, verified } = await receiveDocument(context);
  if (!verified) {
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const input = parseDeleteObjects(bytes);
  const errors = new Map<ObjectToDelete, S3Error>();
  const deletions: Deletion[] = [];
  for (const object of input.objects) {
    const error = object.error ?? refusal(object);
    if (error === undefined) deletions.push({ key: object.key });
    else errors.set(object, error);
  }
  await services.catalog.deleteVersions(bucket.id, deletions);
  return xmlReply(200, encodeDeleteObjects(input, errors));
}

/** What cannot be done yet: numbered versions, which no bucket has, and conditions. */
function refusal({ version, condition }: ObjectToDelete): S3Error | undefined {
  if (condition !== null) return new S3Error('NotImplemented', 'Conditions on deletes are not implemented.');
  return typeof version === 'number' ? new S3Error('NoSuchVersion') : undefined;
}
