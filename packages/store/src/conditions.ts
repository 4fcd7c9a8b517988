/** Conditions of reads and writes against an object's present state, for backends that decide them themselves. */

import { StoreError } from './errors.ts';
import type { StoreOperation } from './errors.ts';
import type { GetOptions, PutMode } from './object-store.ts';

/**
 * What is no mode must never be taken for one that overwrites.
 *
 * @throws {StoreError} `InvalidArgument`
 */
export function checkIsPutMode(mode: unknown, operation: StoreOperation, key: string): void {
  if (mode === undefined || mode === 'overwrite' || mode === 'create') return;
  if (typeof mode === 'object' && mode !== null && 'ifMatch' in mode && typeof mode.ifMatch === 'string')
    return;
  throw new StoreError(
    'InvalidArgument',
    `A mode is overwrite, create or { ifMatch: etag }, not ${JSON.stringify(mode)}`,
    { operation, key },
  );
}

/**
 * @param etag of what is there; `undefined` when nothing is
 * @throws {StoreError} `AlreadyExists`, `PreconditionFailed`
 */
export function checkPutMode(
  mode: PutMode | undefined,
  etag: string | undefined,
  operation: StoreOperation,
  key: string,
): void {
  checkIsPutMode(mode, operation, key);
  if (mode === undefined || mode === 'overwrite') return;
  if (mode === 'create') {
    if (etag === undefined) return;
    throw new StoreError('AlreadyExists', `There is an object ${key} already`, { operation, key });
  }
  if (etag === mode.ifMatch) return;
  const found = etag === undefined ? 'there is no object' : `its etag is ${etag}`;
  throw new StoreError('PreconditionFailed', `${key} was to have the etag ${mode.ifMatch}, and ${found}`, {
    operation,
    key,
  });
}

/** @throws {StoreError} `PreconditionFailed`, `NotModified` */
export function checkGetConditions(
  { ifMatch, ifNoneMatch }: Pick<GetOptions, 'ifMatch' | 'ifNoneMatch'>,
  etag: string,
  operation: StoreOperation,
  key: string,
): void {
  if (ifMatch !== undefined && ifMatch !== etag) {
    throw new StoreError('PreconditionFailed', `${key} was to have the etag ${ifMatch}, and has ${etag}`, {
      operation,
      key,
    });
  }
  if (ifNoneMatch !== undefined && ifNoneMatch === etag) {
    throw new StoreError('NotModified', `${key} still has the etag ${etag}`, { operation, key });
  }
}

/** The error of a key without an object. */
export function notFound(operation: StoreOperation, key: string, cause?: unknown): StoreError {
  return new StoreError('NotFound', `There is no object ${key}`, { operation, key, cause });
}
