/**
 * @module Uploads that can be read while they are written: the headers, which S3 does not have.
 *
 * | on | header | value |
 * |---|---|---|
 * | PutObject, PUT `?cistern-upload=ID` | `x-cistern-live` | `true`: what has come can be read at once, and stays if the client vanishes |
 * | GET `?cistern-upload=ID` | `x-cistern-follow` | `true`: the answer goes on until the upload ends |
 * | CompleteMultipartUpload | `x-cistern-small-parts` | `true`: parts may have less than S3's 5 MiB, as those of who commits often |
 * | answers to the first two | `x-cistern-upload-id` | the upload, as S3's operations name it |
 * | | `x-cistern-upload-size` | bytes that can be read from the start on without a gap |
 * | | `x-cistern-upload-state` | `open`, `complete` or `aborted` |
 *
 * The requests are made by `true` alone; any other value is refused.
 */

import { invalidArgument, S3Error } from '../errors.ts';
import { formatUploadId } from '../ids.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { PayloadMode } from '../sigv4/payload-mode.ts';
import { parseChecksumInput } from './upload.ts';
import type { UploadInput } from './upload.ts';

export type UploadState = 'open' | 'complete' | 'aborted';

/**
 * @throws S3Error InvalidArgument, InvalidRequest when the signature covers the hash of the whole body: it would be known
 *   to be wrong only after the bytes were read
 */
export function parseLive(headers: RawHeaders, payload: PayloadMode): boolean {
  const live = parseFlag(headers, 'x-cistern-live');
  if (live && payload.kind === 'sha256') {
    throw new S3Error(
      'InvalidRequest',
      'A live upload cannot be signed with the hash of its body: send signed chunks or UNSIGNED-PAYLOAD.',
    );
  }
  return live;
}

/** @throws S3Error InvalidArgument */
export function parseFollow(headers: RawHeaders): boolean {
  return parseFlag(headers, 'x-cistern-follow');
}

/** @throws S3Error InvalidArgument */
export function parseSmallParts(headers: RawHeaders): boolean {
  return parseFlag(headers, 'x-cistern-small-parts');
}

function parseFlag(headers: RawHeaders, name: string): boolean {
  const value = headers.get(name);
  if (value === undefined || value === 'true') return value === 'true';
  throw invalidArgument(`${name} is true, or is not sent.`, name, value);
}

/** Of an object. */
export const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

export interface LiveBody {
  /** Bytes of the payload; null: nobody knows. */
  readonly length: number | null;
  readonly checksum: UploadInput['checksum'];
}

/**
 * What the request says about the body of a live upload.
 *
 * @throws S3Error EntityTooLarge, InvalidArgument, InvalidRequest (a Content-MD5, for the same reason as a signed hash)
 */
export function parseLiveBody(headers: RawHeaders, payload: PayloadMode): LiveBody {
  if (headers.has('content-md5'))
    throw new S3Error('InvalidRequest', 'A live upload takes no Content-MD5: send a checksum as a trailer.');
  const name = payload.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length';
  const value = headers.get(name);
  if (value !== undefined && !/^\d{1,16}$/.test(value))
    throw invalidArgument('The length is not a number.', name, value);
  const length = value === undefined ? null : Number(value);
  if (length !== null && length > OBJECT_BYTES_MAX) {
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: String(length),
      MaxSizeAllowed: String(OBJECT_BYTES_MAX),
    });
  }
  return { length, checksum: parseChecksumInput(headers, payload) };
}

/** Response headers, names and values in turn. @param upload `size` in bytes */
export function uploadHeaders(upload: { uploadId: number; size: number; state: UploadState }): string[] {
  return [
    'x-cistern-upload-id',
    formatUploadId(upload.uploadId),
    'x-cistern-upload-size',
    String(upload.size),
    'x-cistern-upload-state',
    upload.state,
  ];
}
