/** UploadPart: a body on its way as that of PutObject, to a place in an upload. */

import {
  checksumHeader,
  parsePartNumber,
  parseUploadPart,
  partChecksumAlgorithm,
  uploadIdOf,
} from '@cistern/protocol';
import { emptyReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumOfUpload, findOpenUpload } from './multipart-upload.ts';
import { placeObject, receiveObject } from './receive-object.ts';

export async function uploadPart(context: InBucket, operation: Operation<'UploadPart'>): Promise<Reply> {
  const { services, bucket, headers, body } = context;
  const { key, query } = operation;
  const number = parsePartNumber(query.get('partNumber') ?? '');
  const upload = await findOpenUpload(context, key, uploadIdOf(query));
  const input = parseUploadPart(query, headers, body.payload);
  const algorithm = partChecksumAlgorithm(checksumOfUpload(upload), input.checksum?.algorithm);
  const placement = services.blobs.placement(upload.storageClass);
  const received = await receiveObject(context, placement, algorithm);
  const content = await placeObject(context, received);
  const { md5: etag, size, checksum } = received;
  await services.catalog.uploads.publishPart({
    bucket: bucket.id,
    key,
    upload: upload.id,
    number,
    content,
    size,
    etag,
    // One that the upload did not ask for was compared, and is told of no more.
    checksumValue: upload.checksumAlgorithm === null ? null : (checksum?.value ?? null),
  });
  const reply = emptyReply(200, ['ETag', `"${etag}"`]);
  if (checksum !== null) reply.headers.push(checksumHeader(checksum.algorithm), checksum.value);
  return reply;
}
