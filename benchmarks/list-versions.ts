/**
 * @module Pages of ListObjectVersions, as text; for keys that need no XML escapes, such as those made here.
 */

import { sendOk, textOf } from './s3-client.ts';
import type { Target } from './target.ts';

/** Where the next page begins: after this version. */
export interface VersionMarker {
  key: string;
  /** undefined where the page ended with a common prefix */
  versionId: string | undefined;
}

export interface ListVersionsOptions {
  bucket: string;
  marker?: VersionMarker;
}

/** One page of up to 1,000 entries, unparsed. */
export async function listVersions(target: Target, options: ListVersionsOptions): Promise<string> {
  const { bucket, marker } = options;
  const parameters: string[] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) parameters.push(`${name}=${encodeURIComponent(value)}`);
  };
  add('key-marker', marker?.key);
  add('version-id-marker', marker?.versionId);
  parameters.push('versions=');
  const answer = await sendOk(target, 'GET', `/${bucket}?${parameters.join('&')}`);
  return answer.body.toString('latin1');
}

/** Undefined on the last page. */
export function nextVersionMarker(page: string): VersionMarker | undefined {
  const key = textOf(page, 'NextKeyMarker');
  if (!key || textOf(page, 'IsTruncated') !== 'true') return undefined;
  return { key, versionId: textOf(page, 'NextVersionIdMarker') };
}

/** Versions and delete markers, in S3's order unless the server lists one kind before the other. */
export function versionsOf(page: string): { key: string; versionId: string }[] {
  return [...page.matchAll(/<(Version|DeleteMarker)>.*?<\/\1>/gs)].map(([entry]) => ({
    key: textOf(entry, 'Key') ?? '',
    versionId: textOf(entry, 'VersionId') ?? '',
  }));
}
