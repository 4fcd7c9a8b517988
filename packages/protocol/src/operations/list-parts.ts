/**
 * @module ListParts: its parameters and its XML.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html.
 */

import { formatIsoDate } from '../dates.ts';
import { formatUploadId } from '../ids.ts';
import type { Query } from '../target.ts';
import { escapeXml, S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import type { UploadChecksum } from './create-multipart-upload.ts';
import { encodeOwner, parseCount } from './list-objects.ts';
import { parsePageSize } from './page-size.ts';
import { encodeInitiator, encodeUploadChecksum } from './upload-entry.ts';
import { uploadIdOf } from './upload-id.ts';

export interface ListPartsInput {
  readonly uploadId: number;
  readonly maxParts: number;
  /** Parts after this number. */
  readonly partNumberMarker: number;
}

/** @throws S3Error NoSuchUpload, InvalidArgument */
export function parseListParts(query: Query): ListPartsInput {
  const marker = query.get('part-number-marker') ?? '';
  return {
    uploadId: uploadIdOf(query),
    maxParts: parsePageSize(query, 'max-parts'),
    partNumberMarker:
      marker === '' ? 0 : parseCount('part-number-marker', marker, { least: 0, most: 2 ** 31 - 1 }),
  };
}

export interface ListedPart {
  readonly number: number;
  readonly modifiedMs: number;
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  /** Base64, of the upload's algorithm. */
  readonly checksumValue: string | null;
}

export interface ListPartsOutput {
  readonly bucket: string;
  readonly key: string;
  readonly owner: string;
  readonly initiator: string;
  readonly storageClass: string;
  readonly checksum: UploadChecksum | null;
  readonly parts: readonly ListedPart[];
  readonly truncated: boolean;
}

export function encodeListParts(input: ListPartsInput, output: ListPartsOutput): string {
  const { checksum } = output;
  let xml = `${XML_DECLARATION}<ListPartsResult xmlns="${S3_NAMESPACE}"><Bucket>${output.bucket}</Bucket>`;
  xml += `<Key>${escapeXml(output.key)}</Key><UploadId>${formatUploadId(input.uploadId)}</UploadId>`;
  xml += `<PartNumberMarker>${input.partNumberMarker}</PartNumberMarker>`;
  // The end of the page, also of the last one.
  const next = output.parts.at(-1)?.number ?? 0;
  xml += `<NextPartNumberMarker>${next}</NextPartNumberMarker>`;
  xml += `<MaxParts>${input.maxParts}</MaxParts><IsTruncated>${output.truncated}</IsTruncated>`;
  xml += encodeUploadChecksum(checksum);
  for (const part of output.parts) {
    xml += `<Part><PartNumber>${part.number}</PartNumber><LastModified>${formatIsoDate(part.modifiedMs)}</LastModified>`;
    xml += `<ETag>&quot;${part.etag}&quot;</ETag><Size>${part.size}</Size>`;
    if (checksum !== null && part.checksumValue !== null)
      xml += `<Checksum${checksum.algorithm}>${part.checksumValue}</Checksum${checksum.algorithm}>`;
    xml += '</Part>';
  }
  xml += encodeInitiator(output.initiator) + encodeOwner(output.owner);
  return `${xml}<StorageClass>${output.storageClass}</StorageClass></ListPartsResult>`;
}
