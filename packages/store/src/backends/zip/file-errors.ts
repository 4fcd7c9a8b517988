/** What the system says of files, as errors of a store. */

import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: 'NotFound',
  ENOTDIR: 'NotFound',
  EISDIR: 'InvalidArgument',
  EACCES: 'PermissionDenied',
  EPERM: 'PermissionDenied',
  EROFS: 'PermissionDenied',
  // The lock beside the archive is SQLite's.
  ERR_SQLITE_ERROR: 'PermissionDenied',
  ENOSPC: 'StorageFull',
  EDQUOT: 'StorageFull',
  EFBIG: 'StorageFull',
  EIO: 'Unavailable',
  EMFILE: 'Unavailable',
  ENFILE: 'Unavailable',
};

const NEXT: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  NotFound: 'its folder must be there',
  PermissionDenied: 'its folder must be there, and this process must be allowed to write beside it',
  StorageFull: 'the disk is full: what was written before is there, as it was',
  Unavailable: 'the system cannot read or write now',
};

/** @returns `error` if it is a store's own already */
export function fromSystem(
  error: unknown,
  store: string,
  operation: StoreOperation,
  key?: string,
): StoreError {
  if (isStoreError(error)) return error;
  const name = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODES[name] ?? 'Unexpected';
  const detail = NEXT[code] ?? (error instanceof Error ? error.message : String(error));
  return new StoreError(code, `${store}: ${operation} failed: ${detail}`, { operation, key, cause: error });
}
