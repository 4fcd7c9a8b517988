/** The response headers that describe a version, for GetObject and HeadObject. */

import { attributeHeaders, checksumTypeOfValue, formatHttpDate, S3Error } from '@cistern/protocol';
import type { ChecksumType, ObjectAttributes, Query } from '@cistern/protocol';
import type { Version } from '../catalog/catalog.ts';
import type { HeaderList } from '../http/reply.ts';

const OVERRIDES: readonly (readonly [parameter: string, header: string])[] = [
  ['response-content-type', 'Content-Type'],
  ['response-content-language', 'Content-Language'],
  ['response-expires', 'Expires'],
  ['response-cache-control', 'Cache-Control'],
  ['response-content-disposition', 'Content-Disposition'],
  ['response-content-encoding', 'Content-Encoding'],
];

// oxlint-disable-next-line no-control-regex -- they would end the header
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

function validatorHeaders(version: Version): HeaderList {
  return ['ETag', `"${version.etag}"`, 'Last-Modified', formatHttpDate(version.modifiedMs)];
}

/** What a 304 repeats of the headers of a 200, so that a cache knows how long its copy is good again (RFC 9110, 15.4.5). */
export function notModifiedHeaders(version: Version, query: Query): HeaderList {
  const headers = validatorHeaders(version);
  const all = override(storedHeaders(version.attributes), query);
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i] ?? '';
    if (name === 'Cache-Control' || name === 'Expires') headers.push(name, all[i + 1] ?? '');
  }
  return headers;
}

export function versionHeaders(version: Version, query: Query): HeaderList {
  const headers = validatorHeaders(version);
  headers.push('Accept-Ranges', 'bytes');
  headers.push(...override(storedHeaders(version.attributes), query));
  if (version.tags !== null) {
    headers.push('x-amz-tagging-count', String((JSON.parse(version.tags) as unknown[]).length));
  }
  if (version.storageClass !== 'STANDARD') headers.push('x-amz-storage-class', version.storageClass);
  return headers;
}

/** The attributes that were read last: most objects have the same, and nothing but a content type. */
let lastAttributes = '';
let lastHeaders: HeaderList = [];

/** Not to be changed by the caller. */
function storedHeaders(attributes: string): Readonly<HeaderList> {
  if (attributes !== lastAttributes) {
    lastHeaders = attributeHeaders(JSON.parse(attributes) as ObjectAttributes);
    lastAttributes = attributes;
  }
  return lastHeaders;
}

function override(stored: Readonly<HeaderList>, query: Query): Readonly<HeaderList> {
  if (query.entries().length === 0) return stored;
  const headers = [...stored];
  for (const [parameter, name] of OVERRIDES) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    const bytes = Buffer.from(value).toString('latin1');
    if (CONTROL.test(bytes)) throw new S3Error('InvalidArgument', `${parameter} holds a control character.`);
    const at = headers.findIndex((header, i) => i % 2 === 0 && header === name);
    if (at === -1) headers.push(name, bytes);
    else headers[at + 1] = bytes;
  }
  return headers;
}

/** @param type the object's; that of a part's value cannot be seen on it */
export function checksumHeaders(
  algorithm: string,
  value: string,
  type: ChecksumType = checksumTypeOfValue(value),
): HeaderList {
  return [`x-amz-checksum-${algorithm.toLowerCase()}`, value, 'x-amz-checksum-type', type];
}
