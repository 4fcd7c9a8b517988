/** What Azure's answers and the connection's failures mean to a caller: the one table. */

import { abortedError, isStoreError, StoreError } from '../../errors.ts';
import type { ErrorPlace, StoreErrorCode, StoreOperation } from '../../errors.ts';
import { NETWORK_TIMEOUTS } from '../../network-timeouts.ts';

/** An answer that is no success: the cause of errors that the service itself has decided. */
export class AzureAnswer extends Error {
  readonly status: number;
  /** `x-ms-error-code`, or what the body says */
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(status: number, code: string, message: string, requestId: string | undefined) {
    super(message);
    this.name = 'AzureAnswer';
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

export interface ErrorContext {
  readonly operation: StoreOperation;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** who is asked */
  readonly where?: ErrorPlace | undefined;
}

interface Meaning {
  readonly code: StoreErrorCode;
  readonly retry?: 'temporary';
  /** what to do about it */
  readonly advice?: string;
}

const BY_CODE: Readonly<Record<string, Meaning>> = {
  AccountIsDisabled: { code: 'PermissionDenied' },
  AppendPositionConditionNotMet: { code: 'Conflict' },
  AuthenticationFailed: {
    code: 'Unauthenticated',
    advice: 'check the key, the token, and this machine’s clock',
  },
  BlobAlreadyExists: { code: 'AlreadyExists' },
  BlobArchived: { code: 'Conflict', advice: 'bring the blob back from the archive tier first' },
  BlobBeingRehydrated: { code: 'Conflict', retry: 'temporary' },
  BlobImmutableDueToPolicy: { code: 'PermissionDenied' },
  BlobNotFound: { code: 'NotFound' },
  BlockCountExceedsLimit: { code: 'TooLarge', advice: 'use larger parts' },
  CannotVerifyCopySource: { code: 'NotFound' },
  ConditionNotMet: { code: 'PreconditionFailed' },
  ContainerAlreadyExists: { code: 'AlreadyExists' },
  ContainerBeingDeleted: { code: 'Conflict', retry: 'temporary' },
  ContainerNotFound: { code: 'NotFound', advice: 'create the container first' },
  InsufficientAccountPermissions: { code: 'PermissionDenied' },
  InternalError: { code: 'Unavailable' },
  InvalidAuthenticationInfo: { code: 'Unauthenticated' },
  InvalidBlobType: { code: 'Conflict', advice: 'it is a page or append blob that others have made' },
  // Uncommitted blocks of a blob are dropped by whoever writes the blob first.
  InvalidBlockList: { code: 'Conflict', retry: 'temporary', advice: 'somebody else wrote it meanwhile' },
  InvalidRange: { code: 'InvalidRange' },
  InvalidResourceName: { code: 'InvalidKey' },
  InvalidUri: { code: 'InvalidKey' },
  LeaseIdMissing: { code: 'Conflict', advice: 'somebody holds a lease on it' },
  // What arrived is not what was sent.
  Md5Mismatch: { code: 'Unavailable' },
  MetadataTooLarge: { code: 'TooLarge' },
  NoAuthenticationInformation: { code: 'Unauthenticated' },
  OperationTimedOut: { code: 'Timeout' },
  RequestBodyTooLarge: { code: 'TooLarge' },
  ResourceAlreadyExists: { code: 'AlreadyExists' },
  ResourceNotFound: { code: 'NotFound' },
  ServerBusy: { code: 'Unavailable' },
  SnapshotsPresent: { code: 'Conflict', advice: 'delete its snapshots first' },
  // Its condition was met when the copy began.
  SourceConditionNotMet: { code: 'Conflict', retry: 'temporary', advice: 'it was changed meanwhile' },
};

const BY_STATUS: Readonly<Record<number, StoreErrorCode>> = {
  304: 'NotModified',
  400: 'InvalidArgument',
  401: 'Unauthenticated',
  403: 'PermissionDenied',
  404: 'NotFound',
  408: 'Timeout',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'TooLarge',
  416: 'InvalidRange',
  429: 'Unavailable',
  501: 'Unsupported',
};

/** @param retryAfter seconds, as in the header of this name */
export function answerError(
  answer: AzureAnswer,
  { operation, key, where }: ErrorContext,
  retryAfter?: string,
): StoreError {
  // 304 has the code of a failed condition.
  const known = answer.status === 304 ? undefined : BY_CODE[answer.code];
  const code =
    known?.code ?? BY_STATUS[answer.status] ?? (answer.status >= 500 ? 'Unavailable' : 'Unexpected');
  const seconds = Number(retryAfter);
  const advice = known?.advice === undefined ? '' : `; ${known.advice}`;
  return new StoreError(
    code,
    `Azure answered ${operation}${key === undefined ? '' : ` of ${key}`} with ${answer.status} ${answer.code}` +
      `${answer.message === '' ? '' : `: ${answer.message}`}${advice}`,
    {
      operation,
      key,
      cause: answer,
      where,
      retry: known?.retry,
      retryAfterMs: retryAfter !== undefined && seconds >= 0 ? seconds * 1000 : undefined,
    },
  );
}

/** The error of a connection that could not be made, or broke. */
export function connectionError(error: unknown, { operation, key, signal, where }: ErrorContext): StoreError {
  if (isStoreError(error)) return error;
  if (signal?.aborted === true) return abortedError(signal, operation, key);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new StoreError('Closed', 'The store was closed', { operation, key, cause: error });
  }
  // The same request would be refused again, before a byte of it is sent.
  if (code === 'UND_ERR_INVALID_ARG') {
    return new StoreError('InvalidArgument', `Azure cannot be sent this: ${String(message)}`, {
      operation,
      key,
      cause: error,
    });
  }
  return new StoreError(
    NETWORK_TIMEOUTS.has(code) ? 'Timeout' : 'Unavailable',
    `The connection to Azure failed: ${String(message ?? error)}`,
    { operation, key, cause: error, where },
  );
}

/** Whether the service answered at all, and this with that code. */
export function isAnswer(error: unknown, code?: string): error is StoreError {
  return (
    isStoreError(error) &&
    error.cause instanceof AzureAnswer &&
    (code === undefined || error.cause.code === code)
  );
}
