/** The body of a write that has no use for one: it is read to its end before anything is done. */

import { S3Error } from '@cistern/protocol';
import type { S3OperationName } from '@cistern/protocol';
import type { RequestBody } from '../http/request-body.ts';
import { LIMITS } from '../limits.ts';

const WITHOUT_BODY: ReadonlySet<S3OperationName> = new Set<S3OperationName>([
  'DeleteBucket',
  'DeleteBucketTagging',
  'DeleteSnapshot',
  'CopyObject',
  'DeleteObject',
  'DeleteObjectTagging',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'AbortMultipartUpload',
]);

/**
 * S3 takes such bodies and does not look at them. But a request whose body is no HTTP, or never ends, is refused, and what
 * is refused must not have been done. Reads are answered at once: they leave nothing behind.
 *
 * @throws S3Error InvalidRequest
 */
export async function passOverBody(operation: S3OperationName, body: RequestBody): Promise<void> {
  // One that waits for `100 Continue` does not send it.
  if (body.finished || body.withheld || !WITHOUT_BODY.has(operation)) return;
  if (await body.discard(LIMITS.discardBytesMax)) return;
  throw new S3Error('InvalidRequest', `${operation} has no use for a body, and this one is too large.`);
}
