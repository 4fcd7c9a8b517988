/** What SQLite says with an error (https://sqlite.org/rescode.html), as errors of a store. */

import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';

const BUSY = 5;
const IO_ERROR = 10;

interface Meaning {
  readonly code: StoreErrorCode;
  readonly message: string;
}

const LOCKED: Meaning = {
  code: 'Unavailable',
  message: 'is being written by another process: try again',
};
const DENIED: Meaning = { code: 'PermissionDenied', message: 'may not be written by this process' };
const DAMAGED: Meaning = {
  code: 'Corrupt',
  message: 'is damaged or no SQLite database: restore it from a copy, with the -wal of that copy or none',
};

const MEANINGS: ReadonlyMap<number | undefined, Meaning> = new Map([
  [BUSY, LOCKED],
  [6, LOCKED],
  [3, DENIED],
  [8, DENIED],
  [23, DENIED],
  [
    IO_ERROR,
    { code: 'Unavailable', message: 'cannot be read or written: see to its disk, then open it again' },
  ],
  [11, DAMAGED],
  [26, DAMAGED],
  [13, { code: 'StorageFull', message: 'has no room left on its disk' }],
  [14, { code: 'NotFound', message: 'cannot be opened: its folder must be there, and allow it' }],
  [18, { code: 'TooLarge', message: 'cannot hold a row that large' }],
]);

/** The primary code of an error of SQLite's, which the lowest byte of an extended one is; undefined for any other. */
function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

export function isIoError(error: unknown): boolean {
  return primaryCode(error) === IO_ERROR;
}

/** @returns `error` if it is a store's own already */
export function fromSqlite(
  error: unknown,
  path: string,
  operation: StoreOperation,
  key?: string,
): StoreError {
  if (isStoreError(error)) return error;
  const { code, message } = MEANINGS.get(primaryCode(error)) ?? {
    code: 'Unexpected',
    message: `failed: ${error instanceof Error ? error.message : String(error)}`,
  };
  return new StoreError(code, `The database ${path} ${message}`, { operation, key, cause: error });
}
