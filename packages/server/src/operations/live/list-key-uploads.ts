/** `GET key?cistern-uploads`: the uploads of a key, oldest first, also those that have ended, with what can be read of them. */

import { encodeListKeyUploads, parseListKeyUploads } from '@cistern/protocol';
import { xmlReply } from '../../http/reply.ts';
import type { Reply } from '../../http/reply.ts';
import type { InBucket, Operation } from '../context.ts';
import { checksumOfUpload } from '../multipart-upload.ts';

export async function listKeyUploads(
  { services, bucket }: InBucket,
  { key, query }: Operation<'ListKeyUploads'>,
): Promise<Reply> {
  const { uploads } = services.catalog;
  const input = parseListKeyUploads(query);
  const found = await uploads.listKeyUploads({
    bucket: bucket.id,
    key,
    after: input.uploadIdMarker ?? 0,
    limit: input.maxUploads,
  });
  const listed = await Promise.all(
    found.uploads.map(async (upload) => {
      const prefix = await uploads.readPrefix({ bucket: bucket.id, key, upload: upload.id });
      return { ...upload, uploadId: upload.id, checksum: checksumOfUpload(upload), size: prefix?.size ?? 0 };
    }),
  );
  const { truncated } = found;
  return xmlReply(200, encodeListKeyUploads(input, { bucket: bucket.name, key, uploads: listed, truncated }));
}
