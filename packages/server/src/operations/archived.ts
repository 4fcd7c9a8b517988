/** What being archived means for an operation: the bytes cannot be had until the version was restored, and for so long. */

import { formatRestore, isArchived, S3Error } from '@cistern/protocol';
import type { Version } from '../catalog/catalog.ts';
import type { HeaderList } from '../http/reply.ts';

type Archivable = Pick<Version, 'storageClass' | 'restoredUntilMs'>;

/**
 * To be called before bytes of a version are read for a client.
 *
 * @throws S3Error InvalidObjectState
 */
export function refuseArchived(version: Archivable, nowMs: number): void {
  const { storageClass } = version;
  if (!isArchived(storageClass) || isRestored(version, nowMs)) return;
  throw new S3Error('InvalidObjectState', undefined, { StorageClass: storageClass });
}

/** Of a GET or HEAD: until when the bytes can be had. */
export function restoreHeaders(version: Archivable, nowMs: number): HeaderList {
  const { storageClass, restoredUntilMs } = version;
  if (restoredUntilMs === null || !isArchived(storageClass) || !isRestored(version, nowMs)) return [];
  return ['x-amz-restore', formatRestore(restoredUntilMs)];
}

function isRestored({ restoredUntilMs }: Archivable, nowMs: number): boolean {
  return restoredUntilMs !== null && restoredUntilMs > nowMs;
}
