/**
 * @module What a request says about the body it uploads: its length and the digests that it must have.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
 */

import {
  checksumAlgorithmOfHeader,
  checksumHeader,
  parseChecksum,
  parseChecksumAlgorithm,
} from '../checksums/algorithm.ts';
import type { ChecksumAlgorithm } from '../checksums/algorithm.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { PayloadMode } from '../sigv4/payload-mode.ts';

/** Of one request: 5 GiB. */
export const UPLOAD_BYTES_MAX = 5 * 1024 ** 3;

export interface UploadInput {
  /** Bytes of the payload, without chunk framing. */
  readonly length: number;
  /** 16 bytes. */
  readonly contentMd5: Buffer | null;
  /** `expected` null: it comes in a trailer. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly expected: Buffer | null } | null;
}

/** @throws S3Error MissingContentLength, NotImplemented, EntityTooLarge, InvalidDigest, InvalidRequest, InvalidArgument */
export function parseUpload(headers: RawHeaders, payload: PayloadMode): UploadInput {
  return { ...parseBody(headers, payload), checksum: parseChecksumInput(headers, payload) };
}

/** The same where the checksums in the headers are of something else than the body. */
export function parseBody(headers: RawHeaders, payload: PayloadMode): UploadInput {
  const length = payload.kind === 'chunked' ? decodedLength(headers) : contentLength(headers);
  if (length > UPLOAD_BYTES_MAX) {
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: String(length),
      MaxSizeAllowed: String(UPLOAD_BYTES_MAX),
    });
  }
  return { length, contentMd5: parseContentMd5(headers), checksum: null };
}

const DIGITS = /^\d{1,16}$/;

function contentLength(headers: RawHeaders): number {
  // S3 names the header that it does not serve, and says that a length is missing when there is none of the two.
  if (headers.has('transfer-encoding')) {
    throw new S3Error('NotImplemented', undefined, { Header: 'Transfer-Encoding' });
  }
  const value = headers.get('content-length');
  if (value === undefined) throw new S3Error('MissingContentLength');
  if (!DIGITS.test(value))
    throw invalidArgument('The Content-Length is not a number.', 'Content-Length', value);
  return Number(value);
}

/** The body itself may come with a Content-Length or in HTTP chunks: some clients do not know the framed length. */
function decodedLength(headers: RawHeaders): number {
  const value = headers.get('x-amz-decoded-content-length');
  if (value === undefined)
    throw new S3Error('MissingContentLength', 'You must provide x-amz-decoded-content-length.');
  if (!DIGITS.test(value))
    throw invalidArgument('It is not a number.', 'x-amz-decoded-content-length', value);
  return Number(value);
}

function parseContentMd5(headers: RawHeaders): Buffer | null {
  const value = headers.get('content-md5');
  if (value === undefined) return null;
  const digest = Buffer.from(value, 'base64');
  if (digest.length !== 16 || digest.toString('base64') !== value) throw new S3Error('InvalidDigest');
  return digest;
}

/** The checksum in a header, or announced as a trailer; several are refused. */
export function parseChecksumInput(headers: RawHeaders, payload: PayloadMode): UploadInput['checksum'] {
  let found: UploadInput['checksum'] = null;
  const add = (checksum: NonNullable<UploadInput['checksum']>): void => {
    if (found !== null)
      throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header. Multiple were sent.');
    found = checksum;
  };
  for (const name of headers.names()) {
    const algorithm = name.startsWith('x-amz-checksum-') ? checksumAlgorithmOfHeader(name) : undefined;
    if (algorithm !== undefined)
      add({ algorithm, expected: parseChecksum(algorithm, headers.get(name) ?? '') });
  }
  for (const algorithm of announced(headers, payload)) add({ algorithm, expected: null });
  checkNamedAlgorithm(headers, found);
  return found;
}

function announced(headers: RawHeaders, payload: PayloadMode): ChecksumAlgorithm[] {
  const trailer = headers.get('x-amz-trailer');
  if (trailer === undefined) return [];
  if (payload.kind !== 'chunked' || !payload.trailer) {
    throw new S3Error('InvalidRequest', 'x-amz-trailer needs an x-amz-content-sha256 that ends in -TRAILER.');
  }
  return trailer.split(',').map((name) => {
    const algorithm = checksumAlgorithmOfHeader(name.trim().toLowerCase());
    if (algorithm === undefined) {
      throw new S3Error('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
    }
    return algorithm;
  });
}

/**
 * `x-amz-sdk-checksum-algorithm` names what the client computes: it must be known, and what was sent. The header of an
 * upload in parts, without `sdk`, comes with other requests, too, and from MinIO's clients where they send no checksum.
 */
function checkNamedAlgorithm(headers: RawHeaders, found: UploadInput['checksum']): void {
  const bySdk = headers.get('x-amz-sdk-checksum-algorithm');
  const named = bySdk ?? headers.get('x-amz-checksum-algorithm');
  if (named === undefined) return;
  const algorithm = parseChecksumAlgorithm(named);
  if (found === null) {
    if (bySdk === undefined) return;
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (found.algorithm !== algorithm) {
    throw new S3Error(
      'InvalidRequest',
      `Value for x-amz-sdk-checksum-algorithm header is invalid: ${checksumHeader(found.algorithm)} was sent.`,
    );
  }
}
