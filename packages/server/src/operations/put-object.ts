/** PutObject: everything that can be refused is refused before the body is asked for. */

import {
  checkAcl,
  parseAttributes,
  parseStorageClass,
  parseTagging,
  parseWriteCondition,
  S3Error,
} from '@cistern/protocol';
import type { Tag } from '@cistern/protocol';
import type { WriteCondition } from '../catalog/catalog.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { placeObject, receiveObject } from './receive-object.ts';
import { checksumHeaders } from './object-headers.ts';

export async function putObject(context: InBucket, operation: Operation<'PutObject'>): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key } = operation;
  checkAcl(headers);
  const attributes = JSON.stringify(parseAttributes(headers));
  const tags = encodeTags(parseTagging(headers.get('x-amz-tagging')));
  const storageClass = parseStorageClass(headers.get('x-amz-storage-class'));
  const condition = parseWriteCondition(headers);
  await failEarly(context, key, condition);
  const received = await receiveObject(context, services.blobs.placement(storageClass));
  const content = await placeObject(context, received);
  const { md5: etag, size, checksum } = received;
  await services.catalog.publishVersion({
    bucket: bucket.id,
    key,
    condition,
    content,
    size,
    etag,
    storageClass,
    owner: bucket.owner,
    attributes,
    tags,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumValue: checksum?.value ?? null,
  });
  const reply = emptyReply(200, ['ETag', `"${etag}"`]);
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}

/** JSON as the catalog keeps it; null: none. */
export function encodeTags(tags: readonly Tag[]): string | null {
  return tags.length === 0 ? null : JSON.stringify(tags);
}

/**
 * A condition that does not hold now will hardly hold after the body: spare the client sending it. The decision that
 * counts is made when the version is published.
 */
async function failEarly(
  { services, bucket }: InBucket,
  key: string,
  condition: WriteCondition | null,
): Promise<void> {
  if (condition === null) return;
  const current = await services.catalog.findVersion(bucket.id, key);
  if ('ifAbsent' in condition) {
    if (current !== undefined)
      throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' });
  } else if (current === undefined) {
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  }
}
