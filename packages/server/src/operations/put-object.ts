/** PutObject: everything that can be refused is refused before the body is asked for. */

import { parseWriteCondition, parseWriteOffset, S3Error } from '@cistern/protocol';
import type { WriteCondition } from '../catalog/catalog.ts';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { appendObject } from './append-object.ts';
import type { InBucket, Operation } from './context.ts';
import { placeObject, receiveObject } from './receive-object.ts';
import { checksumHeaders } from './object-headers.ts';
import { parseStoredHeaders } from './stored-headers.ts';
import { formatId } from './version-ids.ts';

export async function putObject(context: InBucket, operation: Operation<'PutObject'>): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key } = operation;
  const offset = parseWriteOffset(headers);
  if (offset !== undefined) return appendObject(context, operation, offset);
  const stored = parseStoredHeaders(headers);
  const condition = parseWriteCondition(headers);
  await failEarly(context, key, condition);
  const received = await receiveObject(context, services.blobs.placement(stored.storageClass));
  const content = await placeObject(context, received);
  const { md5: etag, size, checksum } = received;
  const { version } = await services.catalog.publishVersion({
    bucket: bucket.id,
    key,
    condition,
    content,
    size,
    etag,
    ...stored,
    owner: bucket.owner,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumValue: checksum?.value ?? null,
  });
  const reply = emptyReply(200, ['ETag', `"${etag}"`]);
  if (version !== null) reply.headers.push('x-amz-version-id', formatId(version));
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
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
  const latest = await services.catalog.findVersion(bucket.id, key);
  const absent = latest === undefined || latest.deleteMarker;
  if ('ifAbsent' in condition) {
    if (!absent) throw new S3Error('PreconditionFailed', undefined, { Condition: 'If-None-Match' });
  } else if (absent) {
    throw new S3Error('NoSuchKey', undefined, { Key: key });
  }
}
