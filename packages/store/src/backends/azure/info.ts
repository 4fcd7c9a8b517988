/** An object's info from the headers of an answer. */

import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { Attributes, ObjectInfo, PutMode } from '../../object-store.ts';
import { readAttributes } from './attributes.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';

/** Of an answer to HEAD, or to GET with or without a range. */
export function readInfo(headers: AnswerHeaders, key: string, operation: StoreOperation): ObjectInfo {
  const range = headers['content-range'];
  const size = Number(typeof range === 'string' ? /\/(\d+)$/.exec(range)?.[1] : headers['content-length']);
  if (!Number.isSafeInteger(size)) {
    throw new StoreError('Unexpected', `Azure did not say how large ${key} is`, { operation, key });
  }
  if (etagOf(headers) === '') {
    throw new StoreError('Unexpected', `Azure did not say which state of ${key} it has`, { operation, key });
  }
  return writtenInfo(headers, key, size, readAttributes(headers));
}

/** Of an answer to a write. */
export function writtenInfo(
  headers: AnswerHeaders,
  key: string,
  size: number,
  attributes: Attributes,
): ObjectInfo {
  const version = headers['x-ms-version-id'];
  return {
    key,
    size,
    etag: etagOf(headers),
    lastModified: new Date(String(headers['last-modified'])),
    ...(typeof version === 'string' ? { version } : {}),
    attributes,
  };
}

/** Without its quotes. */
export function etagOf(headers: AnswerHeaders): string {
  return String(headers['etag'] ?? '').replaceAll('"', '');
}

export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

export function modeHeaders(mode: PutMode | undefined): Headers {
  if (mode === undefined || mode === 'overwrite') return {};
  return mode === 'create' ? { 'if-none-match': '*' } : { 'if-match': quoteEtag(mode.ifMatch) };
}
