/** What the operations on a multipart upload have in common: finding it, and the checksum that it was begun with. */

import { formatUploadId, S3Error } from '@cistern/protocol';
import type { ChecksumAlgorithm, ChecksumType, UploadChecksum } from '@cistern/protocol';
import type { Upload } from '../catalog/uploads.ts';
import type { InBucket } from './context.ts';

/** @throws S3Error NoSuchUpload */
export async function findOpenUpload(context: InBucket, key: string, id: number): Promise<Upload> {
  const upload = await findUpload(context, key, id);
  if (upload?.state !== 'open') throw noSuchUpload(id);
  return upload;
}

/** In any state. */
export function findUpload(
  { services, bucket }: InBucket,
  key: string,
  id: number,
): Promise<Upload | undefined> {
  return services.catalog.uploads.findUpload({ bucket: bucket.id, key, upload: id });
}

export function noSuchUpload(id: number): S3Error {
  return new S3Error('NoSuchUpload', undefined, { UploadId: formatUploadId(id) });
}

/** The columns hold nothing but what `parseUploadChecksum` gave. */
export function checksumOfUpload({
  checksumAlgorithm,
  checksumType,
}: Pick<Upload, 'checksumAlgorithm' | 'checksumType'>): UploadChecksum | null {
  if (checksumAlgorithm === null || checksumType === null) return null;
  return { algorithm: checksumAlgorithm as ChecksumAlgorithm, type: checksumType as ChecksumType };
}
