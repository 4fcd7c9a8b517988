/**
 * @module A multipart upload, request by request: what a test does not say is done as clients do it.
 */

import { randomBytes } from 'node:crypto';

import { expectStatus } from './expect.ts';
import type { S3, S3RequestOptions, S3Response } from './s3.ts';
import { text } from './xml.ts';

/** The least that a part but the last may have. */
export const PART_BYTES = 5 * 1024 * 1024;

/** Bytes for such a part: those of each call differ. */
export const partBytes = (size = PART_BYTES): Buffer => randomBytes(size);

export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** Elements beside number and ETag. */
  readonly more?: string;
}

export class MultipartUpload {
  readonly #s3: S3;
  readonly #bucket: string;
  readonly key: string;
  readonly id: string;

  constructor(s3: S3, { bucket, key, id }: { bucket: string; key: string; id: string }) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.key = key;
    this.id = id;
  }

  static async begin(
    s3: S3,
    bucket: string,
    key: string,
    headers: Record<string, string> = {},
  ): Promise<MultipartUpload> {
    const response = await s3.object('POST', bucket, key, { query: 'uploads', headers });
    expectStatus(response, 200);
    return new MultipartUpload(s3, { bucket, key, id: text(response.text, 'UploadId') ?? '' });
  }

  /** Any request to this upload. */
  ask(
    method: string,
    query: Record<string, string> = {},
    options: S3RequestOptions = {},
  ): Promise<S3Response> {
    const named = { uploadId: this.id, ...query };
    return this.#s3.object(method, this.#bucket, this.key, { ...options, query: named });
  }

  put(number: number, body: Buffer | string, headers: Record<string, string> = {}): Promise<S3Response> {
    return this.ask('PUT', { partNumber: String(number) }, { body, headers });
  }

  /** A part that must succeed. */
  async part(
    number: number,
    body: Buffer | string,
    headers: Record<string, string> = {},
  ): Promise<ListedPart> {
    const response = await this.put(number, body, headers);
    expectStatus(response, 200);
    return { number, etag: response.headers['etag'] ?? '' };
  }

  /** @param from `bucket/key`, encoded */
  copy(number: number, from: string, headers: Record<string, string> = {}): Promise<S3Response> {
    const source = { 'x-amz-copy-source': from };
    return this.ask('PUT', { partNumber: String(number) }, { headers: { ...source, ...headers } });
  }

  complete(parts: readonly ListedPart[], headers: Record<string, string> = {}): Promise<S3Response> {
    return this.ask('POST', {}, { body: partList(parts), headers });
  }

  abort(): Promise<S3Response> {
    return this.ask('DELETE');
  }

  list(query: Record<string, string> = {}): Promise<S3Response> {
    return this.ask('GET', query);
  }
}

export function partList(parts: readonly ListedPart[]): string {
  const items = parts.map(
    ({ number, etag, more = '' }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag>${more}</Part>`,
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${items.join('')}</CompleteMultipartUpload>`;
}
