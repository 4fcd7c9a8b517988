/** `GET key?cistern-uploads`: the uploads of a key, oldest first, also those that have ended, with what can be read of them. */

import { setImmediate } from 'node:timers/promises';
import { encodeListKeyUploads, parseListKeyUploads } from '@cistern/protocol';
import type { ListedKeyUpload } from '@cistern/protocol';
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
  const listed: ListedKeyUpload[] = [];
  for (const upload of found.uploads) {
    const size = await uploads.prefixSize({ bucket: bucket.id, key, upload: upload.id });
    listed.push({ ...upload, uploadId: upload.id, checksum: checksumOfUpload(upload), size });
    // Each is a sum over up to 10,000 parts: others have their turn in between.
    await setImmediate();
  }
  const { truncated } = found;
  return xmlReply(200, encodeListKeyUploads(input, { bucket: bucket.name, key, uploads: listed, truncated }));
}
