/**
 * The requests of a multipart upload: begin, send or copy a part, complete, abort. Completion is resolved: when the
 * connection breaks, it looks what has become of the upload rather than guess.
 */

import { crc32, combineChecksums, formatChecksum, multipartETag } from '@cistern/protocol/client';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { Attributes, ObjectInfo, PutMode } from '../../object-store.ts';
import type { S3Context } from './context.ts';
import { childText, completeDocument, readDocument } from './documents.ts';
import type { UploadedPart } from './documents.ts';
import { headerOf, neverArrived } from './errors.ts';
import { headObject } from './get.ts';
import { attributeHeaders, quote, readVersion, unquote } from './object-headers.ts';
import type { HeaderPairs } from './object-headers.ts';

export interface MultipartUpload {
  readonly operation: StoreOperation;
  readonly key: string;
  readonly id: string;
  readonly attributes: Attributes;
  /** whether its parts carry a CRC-32 each, and the object that of the whole */
  readonly checksums: boolean;
}

export type SentPart = UploadedPart & {
  /** bytes */
  readonly size: number;
  /** the service answered with the same CRC-32 */
  readonly isVerified?: boolean | undefined;
};

/** How often completion is tried before its outcome is left open. */
const TRIES = 3;

/** CRC-32 of bytes as S3 has it: Base64 of four bytes, the highest first. */
export function crc32Of(bytes: Uint8Array): string {
  const digest = Buffer.allocUnsafe(4);
  digest.writeUInt32BE(crc32(bytes));
  return formatChecksum(digest);
}

export interface CreateMultipartOptions {
  /** of its completion: refused at once where the service would ignore it */
  readonly mode?: PutMode | undefined;
  readonly signal?: AbortSignal | undefined;
  /** as the store has it when left out */
  readonly withChecksums?: boolean;
}

export async function createMultipart(
  { client, conditions, checksums }: S3Context,
  operation: StoreOperation,
  key: string,
  attributes: Attributes,
  { mode, signal, withChecksums = checksums }: CreateMultipartOptions,
): Promise<MultipartUpload> {
  await conditions.requireOfParts(mode, operation, key, { signal });
  const headers = attributeHeaders(attributes);
  if (withChecksums) {
    headers.push(['x-amz-checksum-algorithm', 'CRC32'], ['x-amz-checksum-type', 'FULL_OBJECT']);
  }
  const doing = { operation, key };
  const answer = await client.send({
    ...doing,
    method: 'POST',
    object: key,
    query: 'uploads=',
    headers,
    signal,
  });
  const id = childText(readDocument(answer, 'InitiateMultipartUploadResult', doing), 'UploadId');
  if (id === undefined || id === '') throw odd(doing, 'names no upload');
  return { operation, key, id, attributes, checksums: withChecksums };
}

/** @param number from 1 on */
export async function sendPart(
  { client }: S3Context,
  upload: MultipartUpload,
  number: number,
  body: Uint8Array,
  signal: AbortSignal | undefined,
  onSent?: (position: number) => void,
): Promise<SentPart> {
  const { operation, key } = upload;
  const sum = upload.checksums ? crc32Of(body) : undefined;
  const { headers } = await client.send({
    operation,
    key,
    method: 'PUT',
    object: key,
    query: partQuery(upload, number),
    headers: sum === undefined ? [] : [['x-amz-checksum-crc32', sum]],
    body,
    onSent,
    signal,
  });
  const etag = headerOf(headers, 'etag');
  if (etag === undefined) throw odd(upload, 'to a part has no ETag');
  const isVerified = sum !== undefined && headerOf(headers, 'x-amz-checksum-crc32') === sum;
  return { number, etag: unquote(etag), crc32: sum, size: body.byteLength, isVerified };
}

/** @param range half open */
export async function copyPart(
  { client }: S3Context,
  upload: MultipartUpload,
  number: number,
  from: { readonly source: string; readonly etag: string; readonly start: number; readonly end: number },
  signal: AbortSignal | undefined,
): Promise<SentPart> {
  const { operation, key } = upload;
  const answer = await client.send({
    operation,
    key,
    method: 'PUT',
    object: key,
    query: partQuery(upload, number),
    headers: [
      ['x-amz-copy-source', from.source],
      ['x-amz-copy-source-if-match', quote(from.etag)],
      ['x-amz-copy-source-range', `bytes=${from.start}-${from.end - 1}`],
    ],
    signal,
  });
  const result = readDocument(answer, 'CopyPartResult', upload);
  const etag = childText(result, 'ETag');
  if (etag === undefined) throw odd(upload, 'to a part has no ETag');
  return {
    number,
    etag: unquote(etag),
    crc32: upload.checksums ? childText(result, 'ChecksumCRC32') : undefined,
    size: from.end - from.start,
  };
}

/** Best effort: what is left is the service's to clean up, and the reason for aborting counts more. */
export async function abortMultipart({ client }: S3Context, upload: MultipartUpload): Promise<void> {
  const { operation, key } = upload;
  const query = uploadQuery(upload);
  await client.send({ operation, key, method: 'DELETE', object: key, query }).catch(() => undefined);
}

export interface CompleteMultipartOptions {
  readonly mode?: PutMode | undefined;
  readonly signal?: AbortSignal | undefined;
  /** our own server takes parts of any size, if it is told */
  readonly smallParts?: boolean | undefined;
}

/**
 * Makes the object of `parts`, which are in order.
 *
 * @throws {StoreError} `Unavailable` and permanent when it could not be found out whether it was made
 */
export async function completeMultipart(
  context: S3Context,
  upload: MultipartUpload,
  parts: readonly SentPart[],
  { mode, signal, smallParts }: CompleteMultipartOptions,
): Promise<ObjectInfo> {
  const { operation, key, attributes } = upload;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const doing = { operation, key, mode };
  const headers = [...conditionHeaders(mode), ...wholeChecksum(upload, parts)];
  if (smallParts === true) headers.push(['x-cistern-small-parts', 'true']);
  const body = completeDocument(parts);
  const query = uploadQuery(upload);
  let ambiguous: StoreError | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      const answer = await context.client.send({
        ...doing,
        method: 'POST',
        object: key,
        query,
        headers,
        body,
        signal,
      });
      const etag = childText(readDocument(answer, 'CompleteMultipartUploadResult', doing), 'ETag');
      if (etag === undefined) throw odd(doing, 'to a completion has no ETag');
      const date = headerOf(answer.headers, 'date');
      const lastModified = date === undefined ? new Date() : new Date(date);
      return {
        key,
        size,
        etag: unquote(etag),
        lastModified,
        version: readVersion(answer.headers),
        attributes,
      };
    } catch (error) {
      if (!isStoreError(error)) throw error;
      if (isStoreError(error, 'NotFound') && ambiguous !== undefined) {
        // It has ended meanwhile: by the completion whose answer was lost, or by somebody else.
        return await findCompleted(context, upload, parts, ambiguous);
      }
      if (!isAmbiguous(error)) throw error;
      ambiguous = error;
    }
  }
  throw unknownOutcome(upload, ambiguous);
}

/** A completed upload is gone, and its object has the etag that these parts make. */
async function findCompleted(
  context: S3Context,
  upload: MultipartUpload,
  parts: readonly SentPart[],
  cause: StoreError,
): Promise<ObjectInfo> {
  const { operation, key } = upload;
  const { info } = await headObject(context, operation, key, {}).catch(() => ({ info: undefined }));
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const isHex = parts.every(({ etag }) => /^[0-9a-f]{32}$/.test(etag));
  if (info?.size === size && isHex && info.etag === multipartETag(parts.map(({ etag }) => etag))) return info;
  throw unknownOutcome(upload, cause);
}

/** Whether the service may have done what was asked although this came back. */
export function isAmbiguous(error: StoreError): boolean {
  if (error.code === 'Timeout') return !neverArrived(error);
  if (error.code !== 'Unavailable' || error.retry !== 'temporary' || neverArrived(error)) return false;
  // What says that it was not done: too many requests, another write in between.
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return !NOT_DONE.has(String(code));
}

const NOT_DONE: ReadonlySet<string> = new Set([
  'SlowDown',
  'ServiceUnavailable',
  'TooManyRequests',
  'RequestLimitExceeded',
  'ConditionalRequestConflict',
  'OperationAborted',
  '409',
  '429',
  '503',
]);

export function unknownOutcome(
  { operation, key }: { operation: StoreOperation; key: string },
  cause: unknown,
): StoreError {
  return new StoreError(
    'Unavailable',
    `The connection broke before ${key} was acknowledged: it may have been stored or not. Look at it before trying again`,
    { operation, key, cause, retry: 'permanent' },
  );
}

export function conditionHeaders(mode: PutMode | undefined): HeaderPairs {
  if (mode === undefined || mode === 'overwrite') return [];
  return [mode === 'create' ? ['if-none-match', '*'] : ['if-match', quote(mode.ifMatch)]];
}

function wholeChecksum({ checksums }: MultipartUpload, parts: readonly SentPart[]): HeaderPairs {
  if (!checksums) return [];
  const sums = parts.map(({ crc32: value = '', size }) => ({ value, length: size }));
  if (sums.some(({ value }) => value === '')) return [];
  return [
    ['x-amz-checksum-crc32', combineChecksums('CRC32', sums)],
    ['x-amz-checksum-type', 'FULL_OBJECT'],
  ];
}

function uploadQuery({ id }: MultipartUpload): string {
  return `uploadId=${encodeURIComponent(id)}`;
}

function partQuery(upload: MultipartUpload, number: number): string {
  return `partNumber=${number}&${uploadQuery(upload)}`;
}

function odd(
  { operation, key }: { operation: StoreOperation; key?: string | undefined },
  what: string,
): StoreError {
  return new StoreError('Unexpected', `The service's answer ${what}`, { operation, key });
}
