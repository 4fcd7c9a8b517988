/**
 * Errors on their way to a client: the one table that maps the codes of lower layers to S3's. What is not in it is an
 * InternalError whose cause is found in the log, by its request id.
 */

import { encodeError, S3Error } from '@cistern/protocol';
import type { S3ErrorCode } from '@cistern/protocol';
import { isStoreError } from '@cistern/store/errors';
import type { StoreErrorCode } from '@cistern/store/errors';
import { CatalogError } from '../catalog/errors.ts';
import type { CatalogErrorCode } from '../catalog/errors.ts';
import { emptyReply, xmlReply } from './reply.ts';
import type { Reply } from './reply.ts';

interface Meaning {
  readonly code: S3ErrorCode;
  /** Default: S3's. */
  readonly message?: string;
  /** The catalog's own message is written for the client. */
  readonly explained?: true;
}

const CATALOG_CODES: Record<CatalogErrorCode, Meaning> = {
  NoSuchBucket: { code: 'NoSuchBucket' },
  BucketExists: { code: 'BucketAlreadyExists' },
  BucketOwnedByYou: { code: 'BucketAlreadyOwnedByYou' },
  BucketNotEmpty: { code: 'BucketNotEmpty', explained: true },
  NoSuchSnapshot: { code: 'NoSuchSnapshot' },
  SnapshotExists: { code: 'SnapshotAlreadyExists' },
  TooManySnapshots: { code: 'TooManySnapshots' },
  NoSuchKey: { code: 'NoSuchKey' },
  PreconditionFailed: { code: 'PreconditionFailed' },
  VersionedBucket: {
    code: 'InvalidRequest',
    message: 'A bucket that has versions, or had them, takes neither appends nor renames.',
  },
  InvalidWriteOffset: { code: 'InvalidWriteOffset' },
  TooManyParts: { code: 'TooManyParts' },
  TokenMismatch: { code: 'IdempotencyParameterMismatch' },
  SourceChanged: { code: 'ConditionalRequestConflict' },
  NoSuchUpload: { code: 'NoSuchUpload' },
  PartsChanged: { code: 'ConditionalRequestConflict' },
  StorageFull: {
    code: 'ServiceUnavailable',
    message: 'The storage is full. Delete objects or add space, then try again.',
  },
  Stopped: {
    code: 'ServiceUnavailable',
    message: 'The server cannot reach its disk and takes no more writes.',
  },
};

/** Of the store that has the blobs: to be tried again, by the client, too, or when the operator has mended it. */
const AWAY: ReadonlySet<StoreErrorCode> = new Set([
  'Unavailable',
  'Timeout',
  'Unauthenticated',
  'PermissionDenied',
]);

const FULL = CATALOG_CODES.StorageFull.message;
const SHORT = 'The server is short of file descriptors, threads or memory. Try again.';

/** What the system refuses, by its codes, and may give at any other moment. */
const REFUSED: ReadonlyMap<string, string | undefined> = new Map([
  ['ENOSPC', FULL],
  ['EDQUOT', FULL],
  ['EMFILE', SHORT],
  ['ENFILE', SHORT],
  ['EAGAIN', SHORT],
  ['ENOMEM', SHORT],
]);

/** The S3 error to answer with, and whether its cause is a fault of ours that the log has to explain. */
export function toS3Error(error: unknown): { error: S3Error; internal: boolean } {
  if (S3Error.isS3Error(error)) return { error, internal: error.code === 'InternalError' };
  if (CatalogError.is(error)) {
    const { code, message, explained } = CATALOG_CODES[error.code];
    return {
      error: new S3Error(code, explained ? error.message : message),
      internal: code === 'ServiceUnavailable',
    };
  }
  if (isStoreError(error, 'StorageFull')) {
    return { error: new S3Error('ServiceUnavailable', CATALOG_CODES.StorageFull.message), internal: true };
  }
  if (isStoreError(error) && AWAY.has(error.code)) {
    const message = 'The server cannot reach the store of its blobs. Try again.';
    return { error: new S3Error('ServiceUnavailable', message), internal: true };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = REFUSED.get(code);
  if (message !== undefined) return { error: new S3Error('ServiceUnavailable', message), internal: true };
  return { error: new S3Error('InternalError'), internal: true };
}

export function errorReply(
  error: S3Error,
  context: { method: string; resource: string; requestId: string },
): Reply {
  const headers = [...error.headers];
  if (error.code === 'ServiceUnavailable') headers.push('Retry-After', '1');
  if (error.code === 'InvalidRange')
    headers.push('Content-Range', `bytes */${error.details['ActualObjectSize']}`);
  if (error.status === 304) return emptyReply(304, headers);
  const { resource, requestId } = context;
  return xmlReply(error.status, encodeError({ error, resource, requestId, hostId: requestId }), headers);
}
