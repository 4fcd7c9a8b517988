/**
 * @module ListMultipartUploads: its parameters and its XML.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html: uploads in order of their keys,
 * those of one key in the order in which they were begun, which is that of their ids.
 */

import { invalidArgument } from '../errors.ts';
import { formatUploadId, parseUploadId } from '../ids.ts';
import { encodeKey } from '../sigv4/uri-encode.ts';
import type { Query } from '../target.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { parseEncodingType } from './list-objects.ts';
import { parsePageSize } from './page-size.ts';
import { encodeUpload } from './upload-entry.ts';
import type { ListedUpload } from './upload-entry.ts';

export interface ListMultipartUploadsInput {
  readonly prefix: string;
  /** Empty: none. */
  readonly delimiter: string;
  /** Keys after this one, and of this one the uploads after `uploadIdMarker`, if there is one. */
  readonly keyMarker: string;
  readonly uploadIdMarker: number | undefined;
  readonly maxUploads: number;
  readonly encodeUrl: boolean;
}

/** @throws S3Error InvalidArgument */
export function parseListMultipartUploads(query: Query): ListMultipartUploadsInput {
  const keyMarker = query.get('key-marker') ?? '';
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    keyMarker,
    // Without a key S3 ignores it.
    uploadIdMarker: keyMarker === '' ? undefined : parseUploadIdMarker(query),
    maxUploads: parsePageSize(query, 'max-uploads'),
    encodeUrl: parseEncodingType(query.get('encoding-type')),
  };
}

/** @throws S3Error InvalidArgument */
export function parseUploadIdMarker(query: Query): number | undefined {
  const text = query.get('upload-id-marker') ?? '';
  if (text === '') return undefined;
  const id = parseUploadId(text);
  if (id === undefined) throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', text);
  return id;
}

export interface ListMultipartUploadsOutput {
  readonly bucket: string;
  readonly uploads: readonly ListedUpload[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last key or common prefix of the page; the id is undefined after a common prefix. */
  readonly last: { readonly key: string; readonly uploadId: number | undefined };
}

export function encodeListMultipartUploads(
  input: ListMultipartUploadsInput,
  output: ListMultipartUploadsOutput,
): string {
  const text = input.encodeUrl ? encodeKey : escapeXml;
  const id = (uploadId: number | undefined): string =>
    uploadId === undefined ? '' : formatUploadId(uploadId);
  let xml = `${XML_DECLARATION}<ListMultipartUploadsResult xmlns="${S3_NAMESPACE}"><Bucket>${output.bucket}</Bucket>`;
  xml += `<KeyMarker>${text(input.keyMarker)}</KeyMarker><UploadIdMarker>${id(input.uploadIdMarker)}</UploadIdMarker>`;
  if (output.truncated) {
    xml += `<NextKeyMarker>${text(output.last.key)}</NextKeyMarker>`;
    xml += `<NextUploadIdMarker>${id(output.last.uploadId)}</NextUploadIdMarker>`;
  }
  xml += `<Prefix>${text(input.prefix)}</Prefix>`;
  if (input.delimiter !== '') xml += `<Delimiter>${text(input.delimiter)}</Delimiter>`;
  xml += `<MaxUploads>${input.maxUploads}</MaxUploads>`;
  if (input.encodeUrl) xml += '<EncodingType>url</EncodingType>';
  xml += `<IsTruncated>${output.truncated}</IsTruncated>`;
  for (const upload of output.uploads) xml += encodeUpload(upload, text(upload.key));
  for (const prefix of output.commonPrefixes)
    xml += `<CommonPrefixes><Prefix>${text(prefix)}</Prefix></CommonPrefixes>`;
  return `${xml}</ListMultipartUploadsResult>`;
}
