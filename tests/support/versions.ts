/**
 * @module Buckets with versions, and what ListObjectVersions tells of them.
 */

import { expectStatus } from './expect.ts';
import type { S3, S3Response } from './s3.ts';
import { elements, text } from './xml.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

export function versioningDocument(status: string): string {
  return `<VersioningConfiguration xmlns="${NAMESPACE}"><Status>${status}</Status></VersioningConfiguration>`;
}

export async function setVersioning(s3: S3, bucket: string, status: 'Enabled' | 'Suspended'): Promise<void> {
  const body = versioningDocument(status);
  expectStatus(await s3.bucket('PUT', bucket, { query: 'versioning', body }), 200);
}

export async function versionedBucket(s3: S3): Promise<string> {
  const bucket = await s3.freshBucket('versions');
  await setVersioning(s3, bucket, 'Enabled');
  return bucket;
}

/** Puts an object, and gives its version id, which S3 leaves out when it is the null version. */
export async function putVersion(
  s3: S3,
  bucket: string,
  key: string,
  body: Buffer | string,
): Promise<string> {
  const response = await s3.object('PUT', bucket, key, { body });
  expectStatus(response, 200);
  const id = response.headers['x-amz-version-id'];
  if (id === 'null') throw new Error('the null version is not told of');
  return id ?? 'null';
}

export function listVersions(
  s3: S3,
  bucket: string,
  query: Record<string, string> = {},
): Promise<S3Response> {
  return s3.bucket('GET', bucket, { query: { versions: '', ...query } });
}

/** A page as it reads: `key id`, `marker` and `latest` behind it where it is so, in the order of the page. */
export function listedVersions({ text: xml }: S3Response): string[] {
  const entries = xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs);
  return Array.from(entries, ([, name, entry = '']) => {
    const words = [text(entry, 'Key'), text(entry, 'VersionId')];
    if (name === 'DeleteMarker') words.push('marker');
    if (text(entry, 'IsLatest') === 'true') words.push('latest');
    return words.join(' ');
  });
}

/** All of a small bucket. */
export async function history(s3: S3, bucket: string): Promise<string[]> {
  const response = await listVersions(s3, bucket);
  expectStatus(response, 200);
  return listedVersions(response);
}

export function nextMarkers(response: S3Response): Record<string, string> {
  const key = text(response.text, 'NextKeyMarker') ?? '';
  const version = elements(response.text, 'NextVersionIdMarker')[0];
  return { 'key-marker': key, ...(version !== undefined && { 'version-id-marker': version }) };
}
