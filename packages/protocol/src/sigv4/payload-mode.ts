/**
 * @module What `x-amz-content-sha256` says about the body that follows.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html.
 */

import { S3Error } from '../errors.ts';

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
export const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
export const STREAMING_SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
export const STREAMING_UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

/** SHA-256 of no bytes. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export type PayloadMode =
  | { kind: 'unsigned' }
  /** the body as it comes, whose SHA-256 must be `hex` (lower case) */
  | { kind: 'sha256'; hex: string }
  /** the body is framed as aws-chunked */
  | { kind: 'chunked'; signed: boolean; trailer: boolean };

const UNSIGNED: PayloadMode = { kind: 'unsigned' };

/**
 * Reads the value of `x-amz-content-sha256`.
 *
 * @throws S3Error InvalidArgument for a value that S3 does not define, NotImplemented for SigV4A streams
 */
export function parsePayloadMode(value: string): PayloadMode {
  switch (value) {
    case UNSIGNED_PAYLOAD:
      return UNSIGNED;
    case STREAMING_SIGNED:
      return { kind: 'chunked', signed: true, trailer: false };
    case STREAMING_SIGNED_TRAILER:
      return { kind: 'chunked', signed: true, trailer: true };
    case STREAMING_UNSIGNED_TRAILER:
      return { kind: 'chunked', signed: false, trailer: true };
  }
  if (value.startsWith('STREAMING-AWS4-ECDSA-P256-SHA256')) {
    throw new S3Error(
      'NotImplemented',
      'Signature Version 4A is not supported. Please use AWS4-HMAC-SHA256.',
    );
  }
  if (!/^[0-9a-fA-F]{64}$/.test(value)) {
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
        'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value.',
      { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
    );
  }
  return { kind: 'sha256', hex: value.toLowerCase() };
}
