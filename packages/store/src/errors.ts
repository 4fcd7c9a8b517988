/**
 * @module The one kind of error that stores reject with. Whatever a backend meets (an errno, a status, a driver's exception) it
 * turns into one of these codes at its edge, with the original as `cause`; callers choose by `code` and `retry`, never by
 * the message.
 */

/**
 * | code | what happened | retry |
 * |---|---|---|
 * | `NotFound` | no object, version, upload or bucket of that name | permanent |
 * | `AlreadyExists` | `create`, and something is there | permanent |
 * | `PreconditionFailed` | `ifMatch` named another state than the object's | permanent |
 * | `NotModified` | `ifNoneMatch` named the object's state | permanent |
 * | `Conflict` | somebody else took the upload over, or changed the object in the middle of an operation | permanent |
 * | `InvalidKey` | the key cannot be a key of this store | permanent |
 * | `InvalidRange` | the range begins at or after the end of the object, or the object ends within it | permanent |
 * | `InvalidArgument` | an option makes no sense | permanent |
 * | `BufferTooSmall` | the object is larger than the caller's memory; `bytesNeeded` says how large | permanent |
 * | `TooLarge` | larger than the store's limits | permanent |
 * | `Unsupported` | the store cannot do this; its `capabilities` said so | permanent |
 * | `Unauthenticated` | no credentials, or wrong ones | permanent |
 * | `PermissionDenied` | known, and not allowed | permanent |
 * | `Corrupt` | bytes are not those that were written | permanent |
 * | `StorageFull` | no room, or a quota reached | permanent |
 * | `Closed` | the store was closed before | permanent |
 * | `Aborted` | the caller's signal; `cause` is its reason | permanent |
 * | `Timeout` | no answer in time | temporary |
 * | `Unavailable` | out of reach, overloaded, connection cut | temporary |
 * | `Unexpected` | an answer that makes no sense | permanent |
 */
export type StoreErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'PreconditionFailed'
  | 'NotModified'
  | 'Conflict'
  | 'InvalidKey'
  | 'InvalidRange'
  | 'InvalidArgument'
  | 'BufferTooSmall'
  | 'TooLarge'
  | 'Unsupported'
  | 'Unauthenticated'
  | 'PermissionDenied'
  | 'Corrupt'
  | 'StorageFull'
  | 'Closed'
  | 'Aborted'
  | 'Timeout'
  | 'Unavailable'
  | 'Unexpected';

/** Every operation of a store, as errors, hooks and limits name it. */
export type StoreOperation =
  | 'put'
  | 'get'
  | 'readInto'
  | 'list'
  | 'delete'
  | 'copy'
  | 'upload'
  | 'openUpload'
  | 'listUploads'
  | 'presign'
  | 'close'
  | 'open';

/** The service that was asked, and what helps to tell why it said no. Without secrets. */
export interface ErrorPlace {
  /** scheme, host and port */
  readonly endpoint: string;
  readonly bucket?: string | undefined;
  /** by whose key the request was signed */
  readonly accessKeyId?: string | undefined;
  /** how far the service's clock is before this machine's, as its answer says, in ms to the second; negative: behind */
  readonly clockAheadMs?: number | undefined;
}

export interface StoreErrorDetails {
  readonly operation?: StoreOperation | undefined;
  readonly key?: string | undefined;
  readonly cause?: unknown;
  /** by the code when left out */
  readonly retry?: 'permanent' | 'temporary' | undefined;
  /** milliseconds to wait before another try, where the other side said so */
  readonly retryAfterMs?: number | undefined;
  /** with `BufferTooSmall`: bytes that the whole object has */
  readonly bytesNeeded?: number | undefined;
  /** of services */
  readonly where?: ErrorPlace | undefined;
}

/** Brands errors, so that those of a second copy of this package are known, too. */
const BRAND = Symbol.for('cistern.StoreError');
const TEMPORARY: ReadonlySet<StoreErrorCode> = new Set(['Timeout', 'Unavailable']);

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** `temporary`: the same call may succeed later */
  readonly retry: 'permanent' | 'temporary';
  readonly operation: StoreOperation | undefined;
  readonly key: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly bytesNeeded: number | undefined;
  readonly where: ErrorPlace | undefined;

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    // What the platform calls an aborted operation, for those who ask for the name.
    this.name = code === 'Aborted' ? 'AbortError' : 'StoreError';
    this.code = code;
    this.retry = details.retry ?? (TEMPORARY.has(code) ? 'temporary' : 'permanent');
    this.operation = details.operation;
    this.key = details.key;
    this.retryAfterMs = details.retryAfterMs;
    this.bytesNeeded = details.bytesNeeded;
    this.where = details.where;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `error` is a StoreError (of any copy of this package), with this code if one is given. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as unknown as StoreError).code === code;
}

/** @throws {StoreError} `Aborted` when the signal has fired */
export function throwIfAborted(
  signal: AbortSignal | undefined,
  operation: StoreOperation,
  key?: string,
): void {
  if (signal?.aborted === true) throw abortedError(signal, operation, key);
}

/**
 * How far a service's clock is before this machine's, by the `Date` of an answer that has just come.
 *
 * @returns ms, to the second
 */
export function clockAheadMs(date: string | undefined): number | undefined {
  const aheadMs = date === undefined ? Number.NaN : Date.parse(date) - Date.now();
  return Number.isNaN(aheadMs) ? undefined : Math.ceil(aheadMs / 1000) * 1000;
}

/** The error of an operation whose signal has fired. */
export function abortedError(signal: AbortSignal, operation: StoreOperation, key?: string): StoreError {
  return new StoreError('Aborted', `${operation} was aborted by its signal`, {
    operation,
    key,
    cause: signal.reason,
  });
}

/** What a store answers that was asked for something its capabilities exclude. */
export function unsupported(
  store: { toString(): string },
  operation: StoreOperation,
  what: string,
  key?: string,
): StoreError {
  return new StoreError('Unsupported', `${store.toString()} cannot ${what}`, { operation, key });
}
