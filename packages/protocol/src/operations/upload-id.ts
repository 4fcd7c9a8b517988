/** @module The upload that a request names. */

import { S3Error } from '../errors.ts';
import { parseUploadId } from '../ids.ts';
import type { Query } from '../target.ts';

/**
 * @param parameter `cistern-upload` for what S3 does not have
 * @throws S3Error NoSuchUpload for what is no id, as for one that names no upload
 */
export function uploadIdOf(query: Query, parameter = 'uploadId'): number {
  const text = query.get(parameter) ?? '';
  const id = parseUploadId(text);
  if (id === undefined) throw new S3Error('NoSuchUpload', undefined, { UploadId: text });
  return id;
}
