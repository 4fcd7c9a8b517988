/** @module An upload as the listings of uploads show it: those of a bucket and those of a key. */

import { formatIsoDate } from '../dates.ts';
import { formatUploadId } from '../ids.ts';
import { escapeXml } from '../xml/escape.ts';
import type { UploadChecksum } from './create-multipart-upload.ts';
import { encodeOwner } from './list-objects.ts';

export interface ListedUpload {
  readonly key: string;
  readonly uploadId: number;
  readonly initiator: string;
  readonly owner: string;
  readonly storageClass: string;
  readonly initiatedMs: number;
  readonly checksum: UploadChecksum | null;
}

/**
 * @param key as it shall stand in the document
 * @param more elements that S3 does not have, as XML
 */
export function encodeUpload(upload: ListedUpload, key: string, more = ''): string {
  return (
    `<Upload><Key>${key}</Key><UploadId>${formatUploadId(upload.uploadId)}</UploadId>` +
    encodeInitiator(upload.initiator) +
    encodeOwner(upload.owner) +
    `<StorageClass>${escapeXml(upload.storageClass)}</StorageClass><Initiated>${formatIsoDate(upload.initiatedMs)}</Initiated>` +
    `${encodeUploadChecksum(upload.checksum)}${more}</Upload>`
  );
}

export function encodeInitiator(initiator: string): string {
  const id = escapeXml(initiator);
  return `<Initiator><ID>${id}</ID><DisplayName>${id}</DisplayName></Initiator>`;
}

export function encodeUploadChecksum(checksum: UploadChecksum | null): string {
  if (checksum === null) return '';
  const { algorithm, type } = checksum;
  return `<ChecksumAlgorithm>${escapeXml(algorithm)}</ChecksumAlgorithm><ChecksumType>${escapeXml(type)}</ChecksumType>`;
}
