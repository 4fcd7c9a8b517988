/**
 * An upload in progress as Azure keeps it: an append blob under a reserved name, whose bytes are what is committed. Its
 * metadata say which key it is for, its parts' size, and who may write: each writer takes it over with a name of its own, and
 * from then on every append must meet the blob in the state in which that writer left it (`If-Match`, and the position).
 */

import { createHash, randomBytes } from 'node:crypto';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { RESERVED_PREFIX } from '../../keys.ts';
import type { Attributes } from '../../object-store.ts';
import { attributeHeaders, ownHeader, ownValue } from './attributes.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';
import type { AzureClient } from './client.ts';
import { isAnswer } from './errors.ts';
import { etagOf, quoteEtag } from './info.ts';
import { headBlob } from './read.ts';
import type { Blob } from './read.ts';

export const UPLOADS_PREFIX = `${RESERVED_PREFIX}uploads/`;

/** Where the uploads of a key are. A key is too long for a part of a name: its hash stands for it. */
export function uploadsOf(key: string): string {
  return `${UPLOADS_PREFIX}${createHash('sha256').update(key).digest('hex')}/`;
}

export interface UploadState {
  readonly key: string;
  readonly id: string;
  readonly blob: Blob;
  readonly etag: string;
  /** bytes */
  readonly committed: number;
  readonly partSize: number;
  readonly writer: string;
  /** its writer has begun to complete it */
  readonly completing: boolean;
  readonly attributes: Attributes;
  /** the blob's metadata as headers, to be sent again when one of them changes */
  readonly metadata: Headers;
}

export function uploadBlob(
  client: AzureClient,
  container: string,
  key: string,
  id: string,
  operation: StoreOperation,
): Blob {
  return { client, container, key: uploadsOf(key) + id, operation };
}

let lastId = 0;

/** Ids grow with time, so that a listing has the oldest upload of a key first. */
function newId(): string {
  lastId = Math.max(lastId + 1, Date.now() * 1000);
  return `${lastId.toString(36).padStart(11, '0')}-${randomBytes(6).toString('hex')}`;
}

export function newWriter(): string {
  return randomBytes(12).toString('hex');
}

/** @param blobOf the blob of an id */
export async function createUpload(
  blobOf: (id: string) => Blob,
  key: string,
  attributes: Attributes,
  partSize: number,
  signal: AbortSignal | undefined,
): Promise<UploadState> {
  const id = newId();
  const blob = blobOf(id);
  const writer = newWriter();
  const headers = {
    ...attributeHeaders(attributes, 'upload', key),
    ...ownHeader('key', Buffer.from(key).toString('base64url')),
    ...ownHeader('part_size', `${partSize}`),
    ...ownHeader('writer', writer),
  };
  const created = blob.client.call({
    method: 'PUT',
    container: blob.container,
    blob: blob.key,
    headers: { ...headers, 'x-ms-blob-type': 'AppendBlob', 'if-none-match': '*' },
    operation: 'upload',
    key,
    signal,
  });
  let answer: AnswerHeaders;
  try {
    answer = await created;
  } catch (error) {
    if (!isAnswer(error, 'BlobAlreadyExists')) throw error;
    // Nobody else has this id: the request has come twice.
    return lookAt(blob, key, id, signal);
  }
  const metadata = metadataOf(headers);
  const etag = etagOf(answer);
  return { key, id, blob, etag, committed: 0, partSize, writer, completing: false, attributes, metadata };
}

/** @throws {StoreError} `NotFound` */
export async function lookAt(
  blob: Blob,
  key: string,
  id: string,
  signal?: AbortSignal,
): Promise<UploadState> {
  try {
    const { info, headers } = await headBlob(blob, { signal });
    return {
      key,
      id,
      blob,
      etag: info.etag,
      committed: info.size,
      partSize: Number(ownValue(headers, 'part_size')),
      writer: ownValue(headers, 'writer') ?? '',
      completing: ownValue(headers, 'state') === 'completing',
      attributes: info.attributes,
      metadata: metadataOf(headers),
    };
  } catch (error) {
    throw isStoreError(error, 'NotFound') ? gone(blob.operation, key, id, error) : error;
  }
}

/** Changes metadata. @returns the new state @throws {StoreError} `PreconditionFailed` if it is not in this state any more */
export async function mark(
  state: UploadState,
  own: Headers,
  signal: AbortSignal | undefined,
): Promise<UploadState> {
  const { blob, key } = state;
  const metadata = { ...state.metadata, ...own };
  const headers = await blob.client.call({
    method: 'PUT',
    container: blob.container,
    blob: blob.key,
    query: { comp: 'metadata' },
    headers: { ...metadata, 'if-match': quoteEtag(state.etag) },
    operation: blob.operation,
    key,
    signal,
  });
  return { ...state, metadata, etag: etagOf(headers), writer: ownValue(metadata, 'writer') ?? '' };
}

/** Appends at `start`. @returns the blob's etag @throws {StoreError} `PreconditionFailed` or `Conflict` if it ends elsewhere */
export async function append(
  { blob, key }: UploadState,
  etag: string,
  start: number,
  bytes: Uint8Array,
): Promise<string> {
  const headers = await blob.client.call({
    method: 'PUT',
    container: blob.container,
    blob: blob.key,
    query: { comp: 'appendblock' },
    headers: { 'if-match': quoteEtag(etag), 'x-ms-blob-condition-appendpos': `${start}` },
    body: bytes,
    operation: 'upload',
    key,
  });
  return etagOf(headers);
}

/** Removes the upload in this state. @throws {StoreError} `PreconditionFailed` if it is in another */
export async function remove({ blob, key }: Pick<UploadState, 'blob' | 'key'>, etag: string): Promise<void> {
  try {
    await blob.client.call({
      method: 'DELETE',
      container: blob.container,
      blob: blob.key,
      headers: { 'if-match': quoteEtag(etag) },
      operation: 'upload',
      key,
    });
  } catch (error) {
    if (!isStoreError(error, 'NotFound')) throw error;
  }
}

export function gone(operation: StoreOperation, key: string, id: string, cause?: unknown): StoreError {
  return new StoreError('NotFound', `There is no upload ${id} of ${key}: it has ended, or never was`, {
    operation,
    key,
    cause,
  });
}

function metadataOf(headers: AnswerHeaders): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] => entry[0].startsWith('x-ms-meta-') && typeof entry[1] === 'string',
    ),
  );
}
