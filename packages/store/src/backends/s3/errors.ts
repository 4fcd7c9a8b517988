/** What S3 services answer, as StoreErrors: one table by S3's code, one by status where there is no code. */

import { parseXml } from '@cistern/protocol/client';
import { clockAheadMs, StoreError } from '../../errors.ts';
import type { ErrorPlace, StoreErrorCode, StoreErrorDetails, StoreOperation } from '../../errors.ts';
import type { PutMode } from '../../object-store.ts';
import type { ResponseHeaders } from './exchange.ts';
import { NETWORK_TIMEOUTS } from '../../network-timeouts.ts';

/** The service's own words: the `cause` of the StoreError that is made of them. */
export class S3ResponseError extends Error {
  /** S3's error code; the status where the answer had none */
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;

  constructor(code: string, message: string, status: number, requestId: string | undefined) {
    super(message);
    this.name = 'S3ResponseError';
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

/** What was being done, for the error. */
export interface Doing {
  readonly operation: StoreOperation;
  readonly key?: string | undefined;
  /** of a write: a failed condition means something else then */
  readonly mode?: PutMode | undefined;
  /** who is asked */
  readonly where?: ErrorPlace | undefined;
}

/** An answer that says no. `region`: the one that the service wants requests to be signed for. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly region: string | undefined;
}

type Entry = readonly [code: StoreErrorCode, advice?: string, details?: StoreErrorDetails];

const TEMPORARY: StoreErrorDetails = { retry: 'temporary' };
const CLOCK = 'The clocks of this machine and of the service differ: set the clock';
const KEYS = 'Check the access key id, the secret key and the region';
const EXPIRED = 'The temporary credentials have ended: get new ones';
const RESTORE = 'It is archived: restore it first';
const DAMAGED = 'The bytes were damaged on their way';

const BY_CODE: ReadonlyMap<string, Entry> = new Map(
  Object.entries<Entry>({
    NoSuchKey: ['NotFound'],
    NoSuchVersion: ['NotFound'],
    NoSuchBucket: ['NotFound', 'There is no such bucket: create it, or check its name and the endpoint'],
    NoSuchUpload: ['NotFound'],
    NoSuchSnapshot: ['NotFound'],
    NoSuchTagSet: ['NotFound'],
    NotModified: ['NotModified'],
    PreconditionFailed: ['PreconditionFailed'],
    ConditionalRequestConflict: ['Unavailable', 'Another write came in between: try again'],
    OperationAborted: ['Unavailable', 'Another operation came in between: try again'],
    InvalidRange: ['InvalidRange'],
    InvalidKey: ['InvalidKey'],
    KeyTooLongError: ['InvalidKey'],
    InvalidURI: ['InvalidKey'],
    XMinioInvalidObjectName: ['InvalidKey'],
    MetadataTooLarge: ['TooLarge'],
    EntityTooLarge: ['TooLarge'],
    MaxMessageLengthExceeded: ['TooLarge'],
    BadDigest: ['Corrupt', DAMAGED, TEMPORARY],
    XAmzContentSHA256Mismatch: ['Corrupt', DAMAGED, TEMPORARY],
    XAmzContentChecksumMismatch: ['Corrupt', DAMAGED, TEMPORARY],
    IncompleteBody: ['Unavailable'],
    SlowDown: ['Unavailable', 'The service asks for fewer requests'],
    ServiceUnavailable: ['Unavailable'],
    TooManyRequests: ['Unavailable', 'The service asks for fewer requests'],
    RequestLimitExceeded: ['Unavailable', 'The service asks for fewer requests'],
    InternalError: ['Unavailable'],
    RequestTimeout: ['Timeout'],
    RequestTimeTooSkewed: ['Unauthenticated', CLOCK],
    RequestExpired: ['Unauthenticated', CLOCK],
    InvalidAccessKeyId: ['Unauthenticated', KEYS],
    SignatureDoesNotMatch: ['Unauthenticated', KEYS],
    AuthorizationHeaderMalformed: ['Unauthenticated', KEYS],
    ExpiredToken: ['Unauthenticated', EXPIRED],
    TokenRefreshRequired: ['Unauthenticated', EXPIRED],
    InvalidToken: ['Unauthenticated', EXPIRED],
    AccessDenied: ['PermissionDenied', 'These credentials may not do this: ask for the permission'],
    AllAccessDisabled: ['PermissionDenied'],
    AccountProblem: ['PermissionDenied'],
    InvalidObjectState: ['Unavailable', RESTORE, { retry: 'permanent' }],
    QuotaExceeded: ['StorageFull'],
    InsufficientStorage: ['StorageFull'],
    XMinioStorageFull: ['StorageFull'],
    XMinioAdminBucketQuotaExceeded: ['StorageFull'],
    NotImplemented: ['Unsupported'],
    MethodNotAllowed: ['Unsupported'],
    BucketAlreadyExists: ['AlreadyExists'],
    BucketAlreadyOwnedByYou: ['AlreadyExists'],
    SnapshotAlreadyExists: ['AlreadyExists'],
    BucketNotEmpty: ['Conflict'],
    InvalidBucketState: ['Conflict'],
    InvalidPart: ['Conflict', 'A part of the upload is not the one that was sent'],
    InvalidBucketName: ['InvalidArgument'],
    PermanentRedirect: ['InvalidArgument', 'The bucket is in another region: set `region` or `endpoint`'],
  }),
);

const BY_STATUS: Readonly<Record<number, Entry>> = {
  301: ['InvalidArgument', 'The bucket is in another region: set `region` or `endpoint`'],
  304: ['NotModified'],
  307: ['Unavailable', 'The bucket is being moved: try again'],
  401: ['Unauthenticated', KEYS],
  403: ['PermissionDenied', 'These credentials may not do this, or the key or the clock is wrong'],
  404: ['NotFound'],
  405: ['Unsupported'],
  408: ['Timeout'],
  409: ['Unavailable', 'Another operation came in between: try again'],
  411: ['InvalidArgument'],
  412: ['PreconditionFailed'],
  413: ['TooLarge'],
  416: ['InvalidRange'],
  429: ['Unavailable', 'The service asks for fewer requests'],
  501: ['Unsupported'],
  507: ['StorageFull'],
};

export function headerOf(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.join(',');
}

/** Reads what an answer says against the request. A body that is no error of S3's counts for nothing. */
export function readRefusal(status: number, headers: ResponseHeaders, body: Uint8Array): Refusal {
  const region = headerOf(headers, 'x-amz-bucket-region');
  const bare = { code: '', message: `HTTP status ${status}`, region };
  if (body.byteLength === 0) return bare;
  try {
    const root = parseXml(body);
    if (root.name !== 'Error') return bare;
    const text = (name: string): string | undefined =>
      root.children.find((child) => child.name === name)?.text.trim();
    return {
      code: text('Code') ?? '',
      message: text('Message') ?? bare.message,
      region: region ?? text('Region'),
    };
  } catch {
    // A proxy's page, for one.
    return bare;
  }
}

/** The error of an answer that says no. */
export function refusalError(
  status: number,
  headers: ResponseHeaders,
  body: Uint8Array,
  doing: Doing,
): StoreError {
  return codeError(readRefusal(status, headers, body), status, headers, doing);
}

/** The same of a code that came in a document, under whatever status. */
export function codeError(
  { code, message }: Pick<Refusal, 'code' | 'message'>,
  status: number,
  headers: ResponseHeaders,
  { operation, key, mode, where }: Doing,
): StoreError {
  const [storeCode, advice, details] =
    // A map: what a service calls `constructor` is no code that we know.
    BY_CODE.get(code) ?? BY_STATUS[status] ?? (status >= 500 ? UNAVAILABLE : status >= 400 ? REFUSED : ODD);
  const failed = conditionFailure(storeCode, code, mode);
  const subject = key === undefined ? '' : ` of ${key}`;
  const said = code === '' ? message : `${code}: ${message}`;
  return new StoreError(
    failed,
    `${operation}${subject}: ${said}${advice === undefined ? '' : `. ${advice}`}`,
    {
      ...details,
      operation,
      key,
      retryAfterMs: readRetryAfter(headers),
      where: where && { ...where, clockAheadMs: clockAheadMs(headerOf(headers, 'date')) },
      cause: new S3ResponseError(code || `${status}`, message, status, headerOf(headers, 'x-amz-request-id')),
    },
  );
}

/** S3 says the same for both conditions, and that there is no object where one was to have an etag. */
function conditionFailure(failed: StoreErrorCode, code: string, mode: PutMode | undefined): StoreErrorCode {
  if (mode === undefined || mode === 'overwrite') return failed;
  if (mode === 'create') return failed === 'PreconditionFailed' ? 'AlreadyExists' : failed;
  return code === 'NoSuchKey' ? 'PreconditionFailed' : failed;
}

const UNAVAILABLE: Entry = ['Unavailable'];
const REFUSED: Entry = ['InvalidArgument'];
const ODD: Entry = ['Unexpected'];

function readRetryAfter(headers: ResponseHeaders): number | undefined {
  const value = headerOf(headers, 'retry-after');
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** Certificates that do not hold will not hold the next time. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/;

/** The error of an exchange that came to no end. */
export function networkError(error: unknown, origin: string, { operation, key, where }: Doing): StoreError {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const subject = key === undefined ? '' : ` of ${key}`;
  const details = { operation, key, cause: error, where };
  if (NETWORK_TIMEOUTS.has(code)) {
    return new StoreError('Timeout', `${operation}${subject}: no answer from ${origin} in time`, details);
  }
  // The same request would be refused again, before a byte of it is sent.
  if (code === 'UND_ERR_INVALID_ARG')
    return new StoreError('InvalidArgument', `${operation}${subject}: ${message}`, details);
  const advice = CERTIFICATE.test(code) ? '. Its certificate is not trusted: see NODE_EXTRA_CA_CERTS' : '';
  return new StoreError('Unavailable', `${operation}${subject}: ${origin}: ${message || code}${advice}`, {
    ...details,
    retry: advice === '' ? 'temporary' : 'permanent',
  });
}

/** Nothing of the request can have reached the service. */
export function neverArrived(error: StoreError): boolean {
  const code = codeOf(error.cause);
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}
