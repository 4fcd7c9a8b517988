/** Requests to a catalog with every field that a test does not care about filled in. */

import { createHash } from 'node:crypto';

import type { Content, CopyRequest, Deletion, ListRequest, PublishRequest, Version } from './catalog.ts';
import type { CatalogErrorCode } from './errors.ts';
import { CatalogError } from './errors.ts';

const PLAIN = {
  storageClass: 'STANDARD',
  owner: 'alice',
  attributes: '{}',
  tags: null,
  checksumAlgorithm: null,
  checksumValue: null,
  condition: null,
} as const;

export const sha256 = (data: string): Uint8Array => createHash('sha256').update(data).digest();

/** A version of an empty object unless it is told otherwise. */
export function publication(
  fields: Pick<PublishRequest, 'bucket' | 'key'> & Partial<PublishRequest>,
): PublishRequest {
  return { ...PLAIN, size: 0, etag: 'empty', content: { kind: 'empty' }, ...fields };
}

/** What of a publication depends on the bytes, for bytes that are kept in the catalog. */
export function inline(text: string): { size: number; etag: string; content: Content } {
  const data = Buffer.from(text);
  return {
    size: data.byteLength,
    etag: Buffer.from(sha256(text)).toString('hex').slice(0, 32),
    content: { kind: 'inline', data, sha256: sha256(text) },
  };
}

export function copyOf(
  source: { bucket: number; version: Version },
  fields: Pick<CopyRequest, 'bucket' | 'key'> & Partial<CopyRequest>,
): CopyRequest {
  const { bucket, version } = source;
  return { ...PLAIN, sourceBucket: bucket, sourceKey: version.key, sourceSeq: version.seq, ...fields };
}

/** Of keys, without conditions. */
export function deletions(...keys: string[]): Deletion[] {
  return keys.map((key) => ({ key }));
}

/** Everything of a bucket. */
export function listing(bucket: number, fields: Partial<ListRequest> = {}): ListRequest {
  return { bucket, prefix: '', delimiter: '', after: '', limit: 1000, ...fields };
}

/** For `assert.rejects`. */
export function withCode(code: CatalogErrorCode): (error: unknown) => boolean {
  return (error) => CatalogError.is(error) && error.code === code;
}
