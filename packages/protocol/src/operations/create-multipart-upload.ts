/**
 * @module CreateMultipartUpload: which checksum its parts and its object shall have, and its answer.
 *
 * What is stored with the object (attributes, tags, storage class) is read as for PutObject.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html.
 */

import { parseChecksumAlgorithm } from '../checksums/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksums/algorithm.ts';
import { checksumTypeOf, parseChecksumType } from '../checksums/checksum-type.ts';
import type { ChecksumType } from '../checksums/checksum-type.ts';
import { S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';

export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
}

/** @returns null when the upload has no checksum @throws S3Error InvalidRequest */
export function parseUploadChecksum(headers: RawHeaders): UploadChecksum | null {
  const named = headers.get('x-amz-checksum-algorithm');
  const type = headers.get('x-amz-checksum-type');
  if (named === undefined) {
    if (type === undefined) return null;
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const algorithm = parseChecksumAlgorithm(named);
  return {
    algorithm,
    type: checksumTypeOf(algorithm, type === undefined ? undefined : parseChecksumType(type)),
  };
}

/** Response headers of CreateMultipartUpload, names and values in turn. */
export function uploadChecksumHeaders(checksum: UploadChecksum | null): string[] {
  if (checksum === null) return [];
  return ['x-amz-checksum-algorithm', checksum.algorithm, 'x-amz-checksum-type', checksum.type];
}

export function encodeInitiateMultipartUpload(upload: {
  bucket: string;
  key: string;
  uploadId: string;
}): string {
  return (
    `${XML_DECLARATION}<InitiateMultipartUploadResult xmlns="${S3_NAMESPACE}"><Bucket>${upload.bucket}</Bucket>` +
    `<Key>${escapeXml(upload.key)}</Key><UploadId>${upload.uploadId}</UploadId></InitiateMultipartUploadResult>`
  );
}
