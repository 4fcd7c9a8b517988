/**
 * @module Append: a PutObject with `x-amz-write-offset-bytes`, as S3 Express One Zone defines it.
 *
 * From https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html:
 * - The offset must be the size of the object; 0 creates an object that does not exist yet.
 * - InvalidWriteOffset (400): the offset is not the current size. TooManyParts (400): more than 10,000 parts; a CopyObject
 *   makes an object that can be appended to again.
 * - The answer to an append tells the new size in `x-amz-object-size`; that to another PutObject does not have it.
 *
 * From https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html:
 * - Each append makes a part; parts of a multipart upload count among the 10,000. There is no least size, and at most
 *   5 GB come in one request.
 * - Appended with a CRC, GET and HEAD give the CRC of the full object. Appended with SHA-1 or SHA-256 they give a
 *   checksum of the parts, which is made of those in the answers to the single PutObjects.
 */

import { invalidArgument } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';

const HEADER = 'x-amz-write-offset-bytes';

/** Of an object, those of a multipart upload among them. */
export const OBJECT_PARTS_MAX = 10_000;

/** @returns undefined when the request is no append @throws S3Error InvalidArgument */
export function parseWriteOffset(headers: RawHeaders): number | undefined {
  const value = headers.get(HEADER);
  if (value === undefined) return undefined;
  // No object has so many bytes that 15 digits do not tell them.
  if (!/^\d{1,15}$/.test(value))
    throw invalidArgument('The write offset must be a non-negative number of bytes.', HEADER, value);
  return Number(value);
}

/** Response headers of an append, names and values in turn. @param size of the object as it is now, in bytes */
export function appendHeaders(size: number): string[] {
  return ['x-amz-object-size', String(size)];
}
