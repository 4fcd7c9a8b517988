/**
 * @module Reads the answers of ListObjects and ListObjectsV2.
 */

import type { S3Response } from './s3.ts';
import { elements, text } from './xml.ts';

/** The keys of a page as they stand in it, in order. */
export function listedKeys(response: S3Response): string[] {
  return elements(response.text, 'Contents').map((entry) => text(entry, 'Key') ?? '');
}

/** The common prefixes of a page, in order. */
export function listedPrefixes(response: S3Response): string[] {
  return elements(response.text, 'CommonPrefixes').map((entry) => text(entry, 'Prefix') ?? '');
}

/** Undoes `encoding-type=url`, as SDKs do: a plus is a space. */
export function decodeListed(value: string): string {
  return decodeURIComponent(value.replaceAll('+', ' '));
}
