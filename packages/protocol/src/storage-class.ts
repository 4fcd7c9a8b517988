/**
 * @module The storage classes of objects, and what being archived means.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html: GLACIER and DEEP_ARCHIVE
 * have to be restored before they can be read, GLACIER_IR can be read at once.
 */

import { formatHttpDate } from './dates.ts';
import { S3Error } from './errors.ts';

export const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
] as const;

export type StorageClass = (typeof STORAGE_CLASSES)[number];

/** Reads `x-amz-storage-class`. @throws S3Error InvalidStorageClass */
export function parseStorageClass(header: string | undefined): StorageClass {
  if (header === undefined) return 'STANDARD';
  const known = STORAGE_CLASSES.find((name) => name === header);
  if (known === undefined)
    throw new S3Error('InvalidStorageClass', undefined, { StorageClassRequested: header });
  return known;
}

/** Whether an object of this class must be restored before it can be read. */
export function isArchived(storageClass: string): boolean {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}

/** The value of `x-amz-restore` on an archived object that can be read until then. */
export function formatRestore(restoredUntilMs: number): string {
  return `ongoing-request="false", expiry-date="${formatHttpDate(restoredUntilMs)}"`;
}
