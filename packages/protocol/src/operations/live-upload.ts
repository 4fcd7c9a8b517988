/**
 * @module Uploads that can be read while they are written: the headers, which S3 does not have.
 *
 * | on | header | value |
 * |---|---|---|
 * | PutObject, PUT `?cistern-upload=ID` | `x-cistern-live` | `true`: what has come can be read at once, and stays if the client vanishes |
 * | GET `?cistern-upload=ID` | `x-cistern-follow` | `true`: the answer goes on until the upload ends |
 * | answers to both | `x-cistern-upload-id` | the upload, as S3's operations name it |
 * | | `x-cistern-upload-size` | bytes that can be read from the start on without a gap |
 * | | `x-cistern-upload-state` | `open`, `complete` or `aborted` |
 *
 * Both requests are made by `true` alone; any other value is refused.
 */

import { invalidArgument, S3Error } from '../errors.ts';
import { formatUploadId } from '../ids.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { PayloadMode } from '../sigv4/payload-mode.ts';

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

function parseFlag(headers: RawHeaders, name: string): boolean {
  const value = headers.get(name);
  if (value === undefined || value === 'true') return value === 'true';
  throw invalidArgument(`${name} is true, or is not sent.`, name, value);
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
