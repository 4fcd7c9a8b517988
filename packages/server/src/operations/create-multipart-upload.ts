/** CreateMultipartUpload: what the object will have besides its bytes is said here. */

import {
  encodeInitiateMultipartUpload,
  formatUploadId,
  parseUploadChecksum,
  uploadChecksumHeaders,
} from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { parseStoredHeaders } from './stored-headers.ts';

export async function createMultipartUpload(
  context: InBucket,
  { key }: Operation<'CreateMultipartUpload'>,
): Promise<Reply> {
  const { services, bucket, user, headers } = context;
  const stored = parseStoredHeaders(headers);
  const checksum = parseUploadChecksum(headers);
  const { id } = await services.catalog.uploads.createUpload({
    bucket: bucket.id,
    key,
    live: false,
    owner: bucket.owner,
    initiator: user.name,
    ...stored,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumType: checksum?.type ?? null,
  });
  const xml = encodeInitiateMultipartUpload({ bucket: bucket.name, key, uploadId: formatUploadId(id) });
  return xmlReply(200, xml, uploadChecksumHeaders(checksum));
}
