/**
 * @module What is stored with an object's bytes and sent back with them: standard headers and user metadata.
 *
 * Metadata values are kept as they came, one character a byte, and are sent back as the same bytes: a client that sends
 * UTF-8 gets its UTF-8. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html.
 */

import { S3Error } from './errors.ts';
import type { RawHeaders } from './raw-headers.ts';

export const METADATA_BYTES_MAX = 2048;
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
