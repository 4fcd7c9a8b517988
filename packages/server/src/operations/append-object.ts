/** Append: a PutObject with `x-amz-write-offset-bytes`. What is there stays as it is; what a new object would be told is refused. */

import { appendHeaders, parseWriteCondition, S3Error } from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumHeaders } from './object-headers.ts';
import { placeObject, receiveObject } from './receive-object.ts';
import { parseStoredHeaders } from './stored-headers.ts';

export async function appendObject(
  context: InBucket,
  { key }: Operation<'PutObject'>,
  offset: number,
): Promise<Reply> {
  const { services, bucket, headers } = context;
  const stored = parseStoredHeaders(headers);
  const condition = parseWriteCondition(headers);
  if (offset > 0) refuseAttributes(context);
  const current = await services.catalog.findVersion(bucket.id, key);
  // The decision that counts is made when the bytes are published: this spares a client sending them.
  if (bucket.versioning === 'never' && offset !== (current?.size ?? 0)) {
    throw new S3Error('InvalidWriteOffset', undefined, { ObjectSize: String(current?.size ?? 0) });
  }
  const placement = services.blobs.placement(current?.storageClass ?? stored.storageClass);
  const received = await receiveObject(context, placement);
  const content = await placeObject(context, received);
  const { md5, size, checksum } = received;
  const appended = await services.catalog.appendVersion({
    bucket: bucket.id,
    key,
    condition,
    content,
    offset,
    size,
    etag: md5,
    ...stored,
    owner: bucket.owner,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumValue: checksum?.value ?? null,
  });
  const reply = emptyReply(200, ['ETag', `"${appended.etag}"`, ...appendHeaders(appended.size)]);
  // As to any PutObject: that of the bytes that came.
  if (checksum !== null) reply.headers.push(...checksumHeaders(checksum.algorithm, checksum.value));
  return reply;
}

/** An object that is there keeps its attributes; Content-Type, which clients send with everything, is not meant. */
function refuseAttributes({ headers }: InBucket): void {
  for (const name of headers.names()) {
    if (!name.startsWith('x-amz-meta-') && name !== 'x-amz-tagging' && name !== 'x-amz-storage-class')
      continue;
    throw new S3Error(
      'InvalidRequest',
      `An append does not change the object's attributes: leave ${name} out.`,
    );
  }
}
