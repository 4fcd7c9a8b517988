/** Objects as headers: attributes on their way in, an object's info on its way out. */

import { ATTRIBUTE_HEADERS } from '../../attributes.ts';
import { StoreError } from '../../errors.ts';
import type { Attributes, ObjectInfo } from '../../object-store.ts';
import { headerOf } from './errors.ts';
import type { ResponseHeaders } from './exchange.ts';
import { decodeMetadata, decodeUtf8, encodeMetadata, encodeUtf8 } from './metadata-text.ts';

export type HeaderPairs = [string, string][];

const META = 'x-amz-meta-';
/** Marks what a conditional write of ours has stored, so that it can be told from another's after a broken connection. */
export const MARK_HEADER = `${META}cistern-s3-put`;
/** The part size of an upload on our own server, for whoever goes on with it. */
export const PART_SIZE = 'cistern-part-size';
/** Metadata of ours, which nobody else is shown. */
const OURS: ReadonlySet<string> = new Set([MARK_HEADER.slice(META.length), PART_SIZE]);

/** What S3 says of objects that were given no type. */
const NO_TYPE = 'binary/octet-stream';

/** @param attributes checked by `toAttributes` */
export function attributeHeaders(attributes: Attributes): HeaderPairs {
  const pairs: HeaderPairs = [];
  for (const [field, name] of ATTRIBUTE_HEADERS) {
    const value = attributes[field];
    if (value !== undefined) pairs.push([name, encodeUtf8(value)]);
  }
  if (attributes.metadata !== undefined) {
    for (const [name, value] of Object.entries(attributes.metadata)) {
      pairs.push([META + name, encodeMetadata(value)]);
    }
  }
  return pairs;
}

export function readAttributes(headers: ResponseHeaders): Attributes {
  const attributes: { -readonly [name in keyof Attributes]: Attributes[name] } = {};
  for (const [field, name] of ATTRIBUTE_HEADERS) {
    const value = headerOf(headers, name);
    if (value === undefined || (field === 'contentType' && value === NO_TYPE)) continue;
    attributes[field] = decodeUtf8(value);
  }
  let metadata: Record<string, string> | undefined;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(META)) continue;
    const short = name.slice(META.length);
    if (OURS.has(short)) continue;
    // Without a prototype: `__proto__` is a name like any other.
    metadata ??= Object.create(null) as Record<string, string>;
    metadata[short] = decodeMetadata(headerOf(headers, name) ?? '');
  }
  if (metadata !== undefined) attributes.metadata = metadata;
  return attributes;
}

/** An etag as we have them: without quotes. */
export function unquote(etag: string): string {
  return etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
}

export function quote(etag: string): string {
  return `"${etag}"`;
}

/**
 * @param size bytes of the whole object
 * @throws {StoreError} `Unexpected` for an answer without an etag, which is none about an object: nothing of it could be pinned
 */
export function readInfo(key: string, headers: ResponseHeaders, size: number): ObjectInfo {
  const etag = unquote(headerOf(headers, 'etag') ?? '');
  if (etag === '') {
    throw new StoreError('Unexpected', `The answer about ${key} has no ETag`, { operation: 'get', key });
  }
  const modified = headerOf(headers, 'last-modified') ?? headerOf(headers, 'date');
  return {
    key,
    size,
    etag,
    lastModified: modified === undefined ? new Date() : new Date(modified),
    version: readVersion(headers),
    attributes: readAttributes(headers),
  };
}

/** A version that the service keeps; objects of buckets without versions have none. */
export function readVersion(headers: ResponseHeaders): string | undefined {
  const version = headerOf(headers, 'x-amz-version-id');
  return version === 'null' ? undefined : version;
}

/** Which bytes of how large an object an answer to a GET has: half open. */
export interface ContentSpan {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/** @throws {StoreError} `Unexpected` when the answer does not say */
export function readSpan(status: number, headers: ResponseHeaders, key: string): ContentSpan {
  if (status === 206) {
    const [, first, last, total] = CONTENT_RANGE.exec(headerOf(headers, 'content-range') ?? '') ?? [];
    if (total !== undefined) return { start: Number(first), end: Number(last) + 1, size: Number(total) };
  } else {
    const length = headerOf(headers, 'content-length');
    if (length !== undefined) return { start: 0, end: Number(length), size: Number(length) };
  }
  throw new StoreError('Unexpected', `The answer does not say how large ${key} is`, {
    operation: 'get',
    key,
  });
}
