/** GetBucketTagging, PutBucketTagging, DeleteBucketTagging. */

import { encodeTagging, parseTaggingDocument, S3Error } from '@cistern/protocol';
import type { Tag } from '@cistern/protocol';
import { emptyReply, xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';
import { receiveDocument } from './receive-document.ts';
import { encodeTags } from './stored-headers.ts';

export async function getBucketTagging({ bucket }: InBucket): Promise<Reply> {
  if (bucket.tags === null) throw new S3Error('NoSuchTagSet', undefined, { BucketName: bucket.name });
  return xmlReply(200, encodeTagging(JSON.parse(bucket.tags) as Tag[]));
}

export async function putBucketTagging(context: InBucket): Promise<Reply> {
  const { services, bucket } = context;
  const { bytes } = await receiveDocument(context);
  await services.catalog.setBucketTags(bucket.id, encodeTags(parseTaggingDocument(bytes, 'Bucket')));
  return emptyReply(204);
}

export async function deleteBucketTagging({ services, bucket }: InBucket): Promise<Reply> {
  await services.catalog.setBucketTags(bucket.id, null);
  return emptyReply(204);
}
