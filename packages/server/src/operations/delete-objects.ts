/** DeleteObjects: up to 1,000 keys, a result for each. The body must carry a digest, so that no damaged list deletes. */

import { encodeDeleteObjects, parseDeleteObjects, S3Error } from '@cistern/protocol';
import type { DeletedMarker, ObjectToDelete } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket } from './context.ts';
import { deletionError } from './deletion-error.ts';
import { receiveDocument } from './receive-document.ts';
import { formatId } from './version-ids.ts';

export async function deleteObjects(context: InBucket): Promise<Reply> {
  const { services, bucket } = context;
  const { bytes, verified } = await receiveDocument(context);
  if (!verified) {
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const input = parseDeleteObjects(bytes);
  const results = new Map<ObjectToDelete, S3Error | DeletedMarker>();
  const wanted: ObjectToDelete[] = [];
  for (const object of input.objects) {
    if (object.error === undefined) wanted.push(object);
    else results.set(object, object.error);
  }
  const done = await services.catalog.deleteVersions(
    bucket.id,
    wanted.map(({ key, version, condition }) => ({ key, version, condition })),
  );
  for (const [i, object] of wanted.entries()) {
    const result = done[i];
    if (result === undefined) throw new Error('a deletion without a result');
    if (result.error !== null) results.set(object, deletionError(result.error, object));
    else if (result.deleteMarker && result.version !== null)
      results.set(object, { deleteMarkerVersionId: formatId(result.version) });
  }
  return xmlReply(200, encodeDeleteObjects(input, results));
}
