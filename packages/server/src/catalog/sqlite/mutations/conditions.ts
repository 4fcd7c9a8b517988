/** What a write demands of what is there, decided in its transaction. */

import type { Version, WriteCondition } from '../../catalog.ts';
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
