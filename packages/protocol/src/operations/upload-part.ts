/**
 * @module UploadPart and UploadPartCopy: what they are asked for, and the answer to a copy.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html, API_UploadPartCopy.html.
 */

import type { ChecksumAlgorithm } from '../checksums/algorithm.ts';
import { formatIsoDate } from '../dates.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { PayloadMode } from '../sigv4/payload-mode.ts';
import type { Query } from '../target.ts';
import { S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { parseCopy } from './copy-object.ts';
import type { CopyInput } from './copy-object.ts';
import type { UploadChecksum } from './create-multipart-upload.ts';
import { uploadIdOf } from './upload-id.ts';
import { parseUpload, UPLOAD_BYTES_MAX } from './upload.ts';
import type { UploadInput } from './upload.ts';

export const PART_NUMBER_MAX = 10_000;
/** Of every part but the last: 5 MiB. */
export const PART_BYTES_MIN = 5 * 1024 ** 2;

/** @throws S3Error InvalidArgument for what is no whole number from 1 to 10,000 */
export function parsePartNumber(value: string): number {
  const number = Number(value);
  if (/^\d{1,5}$/.test(value) && number >= 1 && number <= PART_NUMBER_MAX) return number;
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', value);
}

export interface UploadPartInput extends UploadInput {
  readonly uploadId: number;
  readonly partNumber: number;
}

/** @throws S3Error as `parseUpload`, NoSuchUpload, InvalidArgument */
export function parseUploadPart(query: Query, headers: RawHeaders, payload: PayloadMode): UploadPartInput {
  return { ...parsePartOfQuery(query), ...parseUpload(headers, payload) };
}

/**
 * Which checksum of a part is to be computed: the upload's, whether the client sent one or not; without one of the
 * upload that which the client sent, to compare it.
 *
 * @throws S3Error InvalidRequest when the client sent another one than the upload's
 */
export function partChecksumAlgorithm(
  upload: UploadChecksum | null,
  sent: ChecksumAlgorithm | undefined,
): ChecksumAlgorithm | undefined {
  if (upload === null) return sent;
  if (sent !== undefined && sent !== upload.algorithm) {
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, ` +
        `actual checksum Type: ${sent.toLowerCase()}`,
    );
  }
  return upload.algorithm;
}

/** Bytes [first, last] of a source, as written. */
export interface CopyRange {
  readonly first: number;
  readonly last: number;
  readonly header: string;
}

export interface UploadPartCopyInput {
  readonly uploadId: number;
  readonly partNumber: number;
  readonly copy: CopyInput;
  /** Undefined: the whole source. */
  readonly range: CopyRange | undefined;
}

/** @throws S3Error as `parseCopy`, NoSuchUpload, InvalidArgument */
export function parseUploadPartCopy(query: Query, headers: RawHeaders): UploadPartCopyInput {
  const range = headers.get('x-amz-copy-source-range');
  return {
    ...parsePartOfQuery(query),
    copy: parseCopy(headers),
    range: range === undefined ? undefined : parseCopyRange(range),
  };
}

function parsePartOfQuery(query: Query): { uploadId: number; partNumber: number } {
  const partNumber = parsePartNumber(query.get('partNumber') ?? '');
  return { uploadId: uploadIdOf(query), partNumber };
}

const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/;

/** Unlike a GET's `Range` this one is never ignored. */
function parseCopyRange(header: string): CopyRange {
  const [, first = '', last = ''] = RANGE.exec(header) ?? [];
  if (first === '' || Number(first) > Number(last)) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the ' +
        'zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    );
  }
  return { first: Number(first), last: Number(last), header };
}

/**
 * The bytes [start, end) of a source that become the part.
 *
 * @throws S3Error InvalidArgument when they end beyond the source's end, InvalidRequest when they begin there or are more
 *   than 5 GiB: S3 does not answer InvalidRange here
 */
export function resolveCopyRange(
  range: CopyRange | undefined,
  size: number,
): { readonly start: number; readonly end: number } {
  if (range !== undefined && range.first >= size)
    throw new S3Error('InvalidRequest', 'The specified copy range is invalid for the source object size');
  if (range !== undefined && range.last >= size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      'x-amz-copy-source-range',
      range.header,
    );
  }
  const start = range?.first ?? 0;
  const end = range === undefined ? size : range.last + 1;
  if (end - start > UPLOAD_BYTES_MAX) {
    throw new S3Error(
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${UPLOAD_BYTES_MAX}`,
    );
  }
  return { start, end };
}

export function encodeCopyPartResult(part: {
  etag: string;
  modifiedMs: number;
  checksumAlgorithm: ChecksumAlgorithm | null;
  checksumValue: string | null;
}): string {
  const { etag, modifiedMs, checksumAlgorithm, checksumValue } = part;
  let xml = `${XML_DECLARATION}<CopyPartResult xmlns="${S3_NAMESPACE}">`;
  xml += `<LastModified>${formatIsoDate(modifiedMs)}</LastModified><ETag>&quot;${etag}&quot;</ETag>`;
  if (checksumAlgorithm !== null && checksumValue !== null)
    xml += `<Checksum${checksumAlgorithm}>${checksumValue}</Checksum${checksumAlgorithm}>`;
  return `${xml}</CopyPartResult>`;
}
