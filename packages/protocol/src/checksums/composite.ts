/**
 * @module Digests of digests: the ETag of a multipart object, and its COMPOSITE checksum.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
 */

import { hash } from 'node:crypto';

import { checksumBytes, formatChecksum } from './algorithm.ts';
import type { ChecksumAlgorithm } from './algorithm.ts';
import { checksumOf } from './checksum.ts';

/** @param md5s of the parts in order, in hexadecimal @returns without quotes */
export function multipartETag(md5s: readonly string[]): string {
  return `${hash('md5', Buffer.from(md5s.join(''), 'hex'), 'hex')}-${md5s.length}`;
}

/** @param values of the parts in order, in Base64 @returns Base64 and `-N` */
export function compositeChecksum(algorithm: ChecksumAlgorithm, values: readonly string[]): string {
  const bytes = checksumBytes(algorithm);
  const digests = Buffer.allocUnsafe(bytes * values.length);
  for (const [index, value] of values.entries()) digests.write(value, index * bytes, bytes, 'base64');
  return `${formatChecksum(checksumOf(algorithm, digests))}-${values.length}`;
}
