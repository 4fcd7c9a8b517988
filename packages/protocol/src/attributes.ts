/**
 * @module What is stored with an object besides its bytes: standard headers, user metadata, tags, storage class.
 *
 * Metadata values are kept as they came, one character a byte, and are sent back as the same bytes: a client that sends
 * UTF-8 gets its UTF-8. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html.
 */

import { S3Error } from './errors.ts';
import type { RawHeaders } from './raw-headers.ts';
import { decodeKeyText } from './target.ts';

export const METADATA_BYTES_MAX = 2048;
const TAGS_MAX = 10;
const TAG_KEY_MAX = 128;
const TAG_VALUE_MAX = 256;
const TAG_CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const META = 'x-amz-meta-';

export interface ObjectAttributes {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  /** without `aws-chunked`, which is the transfer's and not the object's */
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expires?: string;
  /** lower-case names without `x-amz-meta-` */
  readonly metadata: Readonly<Record<string, string>>;
}

export type Tag = readonly [key: string, value: string];

const STORAGE_CLASSES = new Set([
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
]);

/** @throws S3Error MetadataTooLarge */
export function parseAttributes(headers: RawHeaders): ObjectAttributes {
  const optional = <K extends string>(field: K, value: string | undefined): Partial<Record<K, string>> =>
    value === undefined || value === '' ? {} : ({ [field]: value } as Partial<Record<K, string>>);
  return {
    contentType: headers.get('content-type') || 'binary/octet-stream',
    ...optional('cacheControl', headers.get('cache-control')),
    ...optional('contentDisposition', headers.get('content-disposition')),
    ...optional('contentEncoding', withoutChunking(headers.get('content-encoding'))),
    ...optional('contentLanguage', headers.get('content-language')),
    ...optional('expires', headers.get('expires')),
    metadata: parseMetadata(headers),
  };
}

function withoutChunking(encoding: string | undefined): string | undefined {
  if (encoding === undefined || !encoding.toLowerCase().includes('aws-chunked')) return encoding;
  return encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one.toLowerCase() !== 'aws-chunked')
    .join(',');
}

function parseMetadata(headers: RawHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const name of headers.names()) {
    if (!name.startsWith(META)) continue;
    const value = headers.get(name) ?? '';
    const short = name.slice(META.length);
    bytes += short.length + value.length;
    Object.defineProperty(metadata, short, { value, enumerable: true, configurable: true, writable: true });
  }
  if (bytes > METADATA_BYTES_MAX) {
    throw new S3Error('MetadataTooLarge', undefined, {
      Size: String(bytes),
      MaxSizeAllowed: String(METADATA_BYTES_MAX),
    });
  }
  return metadata;
}

/** Response headers, names and values in turn. */
export function attributeHeaders(attributes: ObjectAttributes): string[] {
  const { cacheControl, contentDisposition, contentEncoding, contentLanguage, expires, metadata } =
    attributes;
  const list = ['Content-Type', attributes.contentType];
  if (cacheControl !== undefined) list.push('Cache-Control', cacheControl);
  if (contentDisposition !== undefined) list.push('Content-Disposition', contentDisposition);
  if (contentEncoding !== undefined) list.push('Content-Encoding', contentEncoding);
  if (contentLanguage !== undefined) list.push('Content-Language', contentLanguage);
  if (expires !== undefined) list.push('Expires', expires);
  for (const name of Object.keys(metadata)) list.push(META + name, metadata[name] ?? '');
  return list;
}

/**
 * Reads `x-amz-tagging`: a query string, in which `+` is a space.
 *
 * @throws S3Error InvalidTag
 */
export function parseTagging(header: string | undefined): readonly Tag[] {
  if (header === undefined || header === '') return [];
  const tags: Tag[] = [];
  for (const part of header.split('&')) {
    const equals = part.indexOf('=');
    const key = decodeTag(equals === -1 ? part : part.slice(0, equals));
    const value = decodeTag(equals === -1 ? '' : part.slice(equals + 1));
    tags.push([key, value]);
  }
  checkTags(tags);
  return tags;
}

function decodeTag(raw: string): string {
  const text = decodeKeyText(raw.replaceAll('+', ' '));
  if (text === undefined) throw new S3Error('InvalidTag', 'The tagging header is not percent-encoded UTF-8.');
  return text;
}

function checkTags(tags: readonly Tag[]): void {
  if (tags.length > TAGS_MAX) throw new S3Error('InvalidTag', 'Object tags cannot be greater than 10');
  if (new Set(tags.map(([key]) => key)).size !== tags.length) {
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  }
  for (const [key, value] of tags) {
    if (key.toLowerCase().startsWith('aws:')) {
      throw new S3Error('InvalidTag', 'System tags cannot be added/updated by requester', { TagKey: key });
    }
    if (key === '' || [...key].length > TAG_KEY_MAX || !TAG_CHARACTERS.test(key)) {
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if ([...value].length > TAG_VALUE_MAX || !TAG_CHARACTERS.test(value)) {
      throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', { TagKey: key });
    }
  }
}

/** @throws S3Error NotImplemented for S3's other classes, InvalidStorageClass */
export function parseStorageClass(header: string | undefined): string {
  if (header === undefined || header === 'STANDARD') return 'STANDARD';
  if (STORAGE_CLASSES.has(header)) {
    throw new S3Error('NotImplemented', `The storage class ${header} is not implemented.`, {
      StorageClass: header,
    });
  }
  throw new S3Error('InvalidStorageClass', undefined, { StorageClassRequested: header });
}
