/** ListObjects and ListObjectsV2. */

import { encodeListObjects, parseListObjects } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';

export async function listObjects(
  { services, bucket }: InBucket,
  operation: Operation<'ListObjects' | 'ListObjectsV2'>,
): Promise<Reply> {
  const input = parseListObjects(operation.query, operation.name === 'ListObjects' ? 1 : 2);
  const { prefix, delimiter, after, maxKeys: limit } = input;
  const page = await services.catalog.listObjects({
    bucket: bucket.id,
    asOf: bucket.asOf,
    prefix,
    delimiter,
    after,
    limit,
  });
  const { versions: objects, commonPrefixes, truncated, last } = page;
  const { name, owner } = bucket;
  const xml = encodeListObjects(input, { bucket: name, owner, objects, commonPrefixes, truncated, last });
  return xmlReply(200, xml, ['x-amz-bucket-region', bucket.region]);
}
