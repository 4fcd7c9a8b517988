/** The system's errors as those of stores: one table. */

import { StoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';
import { errnoOf } from './file-system.ts';

interface Meaning {
  readonly code: StoreErrorCode;
  readonly message: string;
}

const FULL: Meaning = {
  code: 'StorageFull',
  message: 'There is no room left on the disk, or its quota is reached',
};
const DENIED: Meaning = {
  code: 'PermissionDenied',
  message: 'The system denies access: check the owner and the permissions of the folder',
};
const BUSY: Meaning = { code: 'Unavailable', message: 'The system cannot do this now: try again later' };

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'NotFound', message: 'There is no such file' },
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: { code: 'TooLarge', message: 'The file system has no files of this size' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { code: 'PermissionDenied', message: 'The file system is mounted for reading only' },
  ELOOP: { code: 'PermissionDenied', message: 'A symbolic link stands there, and links are not followed' },
  ENAMETOOLONG: { code: 'InvalidKey', message: 'The path of this key is too long for the file system' },
  EILSEQ: { code: 'InvalidKey', message: 'The file system has no name for this key' },
  EINVAL: { code: 'InvalidKey', message: 'The file system has no name for this key' },
  EMFILE: { ...BUSY, message: 'Too many files are open: raise the limit (ulimit -n), or use a limit layer' },
  ENFILE: BUSY,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  EIO: { code: 'Unavailable', message: 'The disk failed: look into the system’s log' },
  ESTALE: BUSY,
  ETIMEDOUT: { code: 'Timeout', message: 'The file system did not answer in time' },
};

/** @returns what the system reported as a StoreError; anything else (a StoreError, what the caller's body threw) as it is */
export function toStoreError(error: unknown, operation: StoreOperation, key?: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const { code, message } = MEANINGS[errno] ?? { code: 'Unexpected', message: 'The system failed' };
  return new StoreError(code, `${message} (${errno}${key === undefined ? '' : `, ${key}`})`, {
    operation,
    key,
    cause: error,
  });
}

/** Runs `act` with the system's errors turned into those of stores. */
export async function mapped<T>(
  operation: StoreOperation,
  key: string | undefined,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toStoreError(error, operation, key);
  }
}
