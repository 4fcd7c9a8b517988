/** ListMultipartUploads: those of a bucket that have not ended. */

import { encodeListMultipartUploads, parseListMultipartUploads } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumOfUpload } from './multipart-upload.ts';

export async function listMultipartUploads(
  { services, bucket }: InBucket,
  { query }: Operation<'ListMultipartUploads'>,
): Promise<Reply> {
  const input = parseListMultipartUploads(query);
  const { prefix, delimiter, keyMarker, uploadIdMarker, maxUploads: limit } = input;
  const after = { key: keyMarker, upload: uploadIdMarker };
  const page = await services.catalog.uploads.listUploads({
    bucket: bucket.id,
    prefix,
    delimiter,
    after,
    limit,
  });
  const xml = encodeListMultipartUploads(input, {
    bucket: bucket.name,
    uploads: page.uploads.map((upload) => ({
      ...upload,
      uploadId: upload.id,
      checksum: checksumOfUpload(upload),
    })),
    commonPrefixes: page.commonPrefixes,
    truncated: page.truncated,
    last: { key: page.last.key, uploadId: page.last.upload },
  });
  return xmlReply(200, xml);
}
