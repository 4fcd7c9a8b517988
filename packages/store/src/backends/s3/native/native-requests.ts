/** Requests about uploads that our own server has and S3 has not, and the listings of S3's that go with them. */

import { encodeQueryComponent } from '@cistern/protocol/client';
import { StoreError } from '../../../errors.ts';
import type { StoreOperation } from '../../../errors.ts';
import { RESERVED_PREFIX } from '../../../keys.ts';
import type { Attributes, ListUploadsOptions } from '../../../object-store.ts';
import type { UploadListEntry } from '../../../upload.ts';
import type { S3Context } from '../context.ts';
import { childrenOf, childText, decodeText, readDocument } from '../documents.ts';
import { headerOf } from '../errors.ts';
import type { MultipartUpload, SentPart } from '../multipart.ts';
import { PART_SIZE, readAttributes, unquote } from '../object-headers.ts';

export interface NativeLook {
  readonly state: 'open' | 'complete';
  /** bytes that can be read */
  readonly committed: number;
  readonly partSize: number | undefined;
  readonly attributes: Attributes;
}

/** @throws {StoreError} `NotFound` when it was aborted, or never was */
export async function lookAtUpload(
  { client }: S3Context,
  key: string,
  id: string,
  signal: AbortSignal | undefined,
  operation: StoreOperation = 'openUpload',
): Promise<NativeLook> {
  const query = uploadQuery(id);
  const { headers } = await client.send({ operation, key, method: 'HEAD', object: key, query, signal });
  const size = headerOf(headers, 'x-cistern-upload-size');
  if (size === undefined) {
    throw new StoreError('Unexpected', `The answer does not say how much of ${key} there is`, {
      operation,
      key,
    });
  }
  const partSize = Number(headerOf(headers, `x-amz-meta-${PART_SIZE}`));
  return {
    state: headerOf(headers, 'x-cistern-upload-state') === 'complete' ? 'complete' : 'open',
    committed: Number(size),
    partSize: Number.isSafeInteger(partSize) && partSize >= 1 ? partSize : undefined,
    attributes: readAttributes(headers),
  };
}

/** The last one of the key that has not ended. */
export async function newestUpload(
  { client }: S3Context,
  key: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const doing = { operation: 'openUpload', key } as const;
  let newest: string | undefined;
  for (let marker: string | undefined = ''; marker !== undefined;) {
    const query = marker === '' ? 'cistern-uploads=' : `cistern-uploads=&upload-id-marker=${marker}`;
    const answer = await client.send({ ...doing, method: 'GET', object: key, query, signal });
    const document = readDocument(answer, 'ListKeyUploadsResult', doing);
    for (const upload of childrenOf(document, 'Upload')) {
      if (childText(upload, 'State') === 'open') newest = childText(upload, 'UploadId');
    }
    marker = childText(document, 'NextUploadIdMarker');
  }
  return newest;
}

/** Parts after `after`, in order. */
export async function* listParts(
  { client }: S3Context,
  { operation, key, id }: MultipartUpload,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<SentPart> {
  const doing = { operation, key };
  for (let marker: string | undefined = `${after}`; marker !== undefined;) {
    const query = `uploadId=${encodeQueryComponent(id)}&part-number-marker=${marker}`;
    const answer = await client.send({ ...doing, method: 'GET', object: key, query, signal });
    const document = readDocument(answer, 'ListPartsResult', doing);
    for (const part of childrenOf(document, 'Part')) {
      yield {
        number: Number(childText(part, 'PartNumber')),
        etag: unquote(childText(part, 'ETag') ?? ''),
        crc32: childText(part, 'ChecksumCRC32'),
        size: Number(childText(part, 'Size')),
      };
    }
    marker =
      childText(document, 'IsTruncated') === 'true' ? childText(document, 'NextPartNumberMarker') : undefined;
  }
}

export async function* listOpenUploads(
  { client }: S3Context,
  { prefix = '', signal }: ListUploadsOptions,
): AsyncGenerator<UploadListEntry> {
  const doing = { operation: 'listUploads' } as const;
  const base = `uploads=&encoding-type=url&prefix=${encodeQueryComponent(prefix)}`;
  for (let place: string | undefined = ''; place !== undefined;) {
    const answer = await client.send({ ...doing, method: 'GET', query: base + place, signal });
    const document = readDocument(answer, 'ListMultipartUploadsResult', doing);
    for (const upload of childrenOf(document, 'Upload')) {
      const key = decodeText(childText(upload, 'Key') ?? '');
      const id = childText(upload, 'UploadId') ?? '';
      if (key.startsWith(RESERVED_PREFIX)) continue;
      yield { key, id, startedAt: new Date(childText(upload, 'Initiated') ?? 0) };
    }
    const key = decodeText(childText(document, 'NextKeyMarker') ?? '');
    const id = childText(document, 'NextUploadIdMarker') ?? '';
    place =
      childText(document, 'IsTruncated') === 'true'
        ? `&key-marker=${encodeQueryComponent(key)}&upload-id-marker=${encodeQueryComponent(id)}`
        : undefined;
  }
}

export function uploadQuery(id: string): string {
  return `cistern-upload=${encodeQueryComponent(id)}`;
}
