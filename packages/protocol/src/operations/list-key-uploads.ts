/**
 * @module ListKeyUploads: `GET key?cistern-uploads`, which S3 does not have: how a reader finds the uploads of a key.
 *
 * The entries are those of ListMultipartUploads, with `Size` (bytes that can be read), `State` and `Live`; unlike there
 * uploads that have ended are among them, as long as they are kept. They come in the order in which they were
 * begun, so that the last one of the last page is the newest. The document is in no namespace of S3's.
 */

import { formatUploadId } from '../ids.ts';
import type { Query } from '../target.ts';
import { escapeXml, XML_DECLARATION } from '../xml/escape.ts';
import { parseUploadIdMarker } from './list-multipart-uploads.ts';
import type { UploadState } from './live-upload.ts';
import { parsePageSize } from './page-size.ts';
import { encodeUpload } from './upload-entry.ts';
import type { ListedUpload } from './upload-entry.ts';

export interface ListKeyUploadsInput {
  /** Uploads after this one. */
  readonly uploadIdMarker: number | undefined;
  readonly maxUploads: number;
}

/** @throws S3Error InvalidArgument */
export function parseListKeyUploads(query: Query): ListKeyUploadsInput {
  return {
    uploadIdMarker: parseUploadIdMarker(query),
    maxUploads: parsePageSize(query, 'max-uploads'),
  };
}

export interface ListedKeyUpload extends ListedUpload {
  /** Bytes that can be read from the start on without a gap. */
  readonly size: number;
  readonly state: UploadState;
  /** Whether it is a PutObject that can be read, and not a multipart upload. */
  readonly live: boolean;
}

export interface ListKeyUploadsOutput {
  readonly bucket: string;
  readonly key: string;
  readonly uploads: readonly ListedKeyUpload[];
  readonly truncated: boolean;
}

export function encodeListKeyUploads(input: ListKeyUploadsInput, output: ListKeyUploadsOutput): string {
  const key = escapeXml(output.key);
  let xml = `${XML_DECLARATION}<ListKeyUploadsResult><Bucket>${output.bucket}</Bucket><Key>${key}</Key>`;
  if (input.uploadIdMarker !== undefined)
    xml += `<UploadIdMarker>${formatUploadId(input.uploadIdMarker)}</UploadIdMarker>`;
  const last = output.uploads.at(-1);
  if (output.truncated && last !== undefined)
    xml += `<NextUploadIdMarker>${formatUploadId(last.uploadId)}</NextUploadIdMarker>`;
  xml += `<MaxUploads>${input.maxUploads}</MaxUploads><IsTruncated>${output.truncated}</IsTruncated>`;
  for (const upload of output.uploads) {
    const { size, state, live } = upload;
    const more = `<Size>${size}</Size><State>${state}</State><Live>${live}</Live>`;
    xml += encodeUpload(upload, escapeXml(upload.key), more);
  }
  return `${xml}</ListKeyUploadsResult>`;
}
