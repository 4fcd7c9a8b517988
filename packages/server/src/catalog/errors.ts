/**
 * What a catalog answers when it does not do what it was asked: a closed set of codes, never an S3 code.
 * The gateway maps them (http/error-response.ts); whatever is not in this set is an internal error.
 */

export type CatalogErrorCode =
  | 'NoSuchBucket'
  | 'BucketExists'
  | 'BucketOwnedByYou'
  | 'BucketNotEmpty'
  | 'NoSuchSnapshot'
  | 'SnapshotExists'
  | 'TooManySnapshots'
  | 'NoSuchKey'
  | 'PreconditionFailed'
  /** Only where there are no versions. */
  | 'VersionedBucket'
  /** An append begins where the object ends. */
  | 'InvalidWriteOffset'
  | 'TooManyParts'
  /** A token of a rename came with another request before. */
  | 'TokenMismatch'
  /** The source of a copy is no longer the version that the caller looked at: look again. */
  | 'SourceChanged'
  | 'NoSuchUpload'
  /** The parts of an upload are no longer those that the caller looked at: look again. */
  | 'PartsChanged'
  /** The disk is full: nothing was written, reads and deletes still work. */
  | 'StorageFull'
  /** The catalog failed to reach its disk and has stopped; only a restart re-reads what is there. */
  | 'Stopped';

const TEMPORARY: ReadonlySet<CatalogErrorCode> = new Set(['SourceChanged', 'PartsChanged', 'StorageFull']);

const BRAND = Symbol.for('cistern.catalog-error');

export class CatalogError extends Error {
  readonly [BRAND] = true;
  readonly code: CatalogErrorCode;
  readonly retry: 'permanent' | 'temporary';

  constructor(code: CatalogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CatalogError';
    this.code = code;
    this.retry = TEMPORARY.has(code) ? 'temporary' : 'permanent';
  }

  /** Branded rather than `instanceof`, so that errors survive two copies of the package. */
  static is(error: unknown): error is CatalogError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}
