/** PutObject: everything that can be refused is refused before the body is asked for. */

import { parseLive, parseWriteCondition, parseWriteOffset, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import { appendObject } from './append-object.ts';
import type { InBucket, Operation } from './context.ts';
import { failEarly } from './fail-early.ts';
import { livePut } from './live/live-put.ts';
import { placeObject, receiveObject } from './receive-object.ts';
import { checksumHeaders } from './object-headers.ts';
import { parseStoredHeaders } from './stored-headers.ts';
import { newVersionHeader } from './version-ids.ts';

export async function putObject(context: InBucket, operation: Operation<'PutObject'>): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key } = operation;
  const offset = parseWriteOffset(headers);
  const live = parseLive(headers, context.body.payload);
  if (live && offset !== undefined)
    throw new S3Error('InvalidRequest', 'What is appended to an object cannot be read while it comes.');
  if (offset !== undefined) return appendObject(context, operation, offset);
  if (live) return livePut(context, operation);
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
  reply.headers.push(...newVersionHeader(version));
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}
