/** ListParts: of an upload that has not ended. */

import { encodeListParts, parseListParts } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { checksumOfUpload, findOpenUpload } from './multipart-upload.ts';

export async function listParts(context: InBucket, operation: Operation<'ListParts'>): Promise<Reply> {
  const { services, bucket } = context;
  const { key, query } = operation;
  const input = parseListParts(query);
  const upload = await findOpenUpload(context, key, input.uploadId);
  const { parts, truncated } = await services.catalog.uploads.listParts({
    manifest: upload.id,
    after: input.partNumberMarker,
    limit: input.maxParts,
  });
  const { owner, initiator, storageClass } = upload;
  const checksum = checksumOfUpload(upload);
  const xml = encodeListParts(input, {
    bucket: bucket.name,
    key,
    owner,
    initiator,
    storageClass,
    checksum,
    parts,
    truncated,
  });
  return xmlReply(200, xml);
}
