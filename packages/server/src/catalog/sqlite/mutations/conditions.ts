/** What a write or a deletion demands of what is there, decided in its transaction. */

import type { DeleteCondition, Version, WriteCondition } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';

/**
 * @param current the key's latest version; a delete marker counts as none
 * @throws CatalogError PreconditionFailed, NoSuchKey
 */
export function checkCondition(current: Version | undefined, condition: WriteCondition | null): void {
  if (condition === null) return;
  const there = current !== undefined && !current.deleteMarker ? current : undefined;
  if ('ifAbsent' in condition) {
    if (there !== undefined) throw new CatalogError('PreconditionFailed', 'The key exists');
    return;
  }
  if (there === undefined) throw new CatalogError('NoSuchKey', 'The key does not exist');
  if (condition.ifMatch !== '*' && there.etag !== condition.ifMatch) {
    throw new CatalogError('PreconditionFailed', 'The key has another ETag');
  }
}

export function conditionHolds(version: Version, { etag, size, modifiedMs }: DeleteCondition): boolean {
  if (etag !== undefined && etag !== '*' && etag !== version.etag) return false;
  if (size !== undefined && size !== version.size) return false;
  return modifiedMs === undefined || seconds(modifiedMs) === seconds(version.modifiedMs);
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
