/**
 * @module S3's error codes, their HTTP statuses and default messages, and how an error is written on the wire.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the messages are our own where S3's
 * do not say what to do.
 */

import { escapeXml, XML_DECLARATION } from './xml/escape.ts';

const ERRORS = {
  AccessDenied: [403, 'Access Denied'],
  AccessForbidden: [403, 'Access Forbidden'],
  AuthorizationHeaderMalformed: [400, 'The authorization header that you provided is not valid.'],
  AuthorizationQueryParametersError: [
    400,
    'The authorization query parameters that you provided are not valid.',
  ],
  BadDigest: [
    400,
    'The Content-MD5 or checksum value that you specified did not match what the server received.',
  ],
  BadRequest: [400, 'Bad Request'],
  BucketAlreadyExists: [
    409,
    'The requested bucket name is not available: it belongs to someone else. Choose another name.',
  ],
  BucketAlreadyOwnedByYou: [409, 'The bucket that you tried to create already exists, and you own it.'],
  BucketNotEmpty: [409, 'The bucket that you tried to delete is not empty. Delete its objects first.'],
  ConditionalRequestConflict: [409, 'A conflicting operation came in between. Try again.'],
  EntityTooLarge: [
    400,
    'Your proposed upload exceeds the maximum allowed object size of 5 GiB for one request.',
  ],
  EntityTooSmall: [400, 'Every part but the last must have at least 5 MiB.'],
  IdempotencyParameterMismatch: [
    400,
    'The client token was used before, with other parameters. Use a new token for another request.',
  ],
  IllegalLocationConstraintException: [400, 'The location constraint is not the region of this server.'],
  IllegalVersioningConfigurationException: [
    400,
    'The versioning configuration specified in the request is invalid: Status is Enabled or Suspended.',
  ],
  IncompleteBody: [
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  ],
  InternalError: [
    500,
    'The server met an internal error. Its log explains it under the request id. Try again.',
  ],
  InvalidAccessKeyId: [403, 'The access key id that you provided does not exist on this server.'],
  InvalidArgument: [400, 'Invalid Argument'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidChunkSizeError: [403, 'Only the last chunk is allowed to have a size less than 8192 bytes'],
  InvalidDigest: [400, 'The Content-MD5 that you specified is not valid: it is the Base64 of 16 bytes.'],
  InvalidLocationConstraint: [400, 'The specified location constraint is not valid.'],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidPart: [
    400,
    'One or more of the parts that you listed could not be found: they were not uploaded, or have other ETags.',
  ],
  InvalidPartNumber: [416, 'The requested partnumber is not satisfiable'],
  InvalidPartOrder: [
    400,
    'The list of parts was not in ascending order: list every part once, by its number.',
  ],
  InvalidRange: [416, 'The requested range is not satisfiable'],
  InvalidRequest: [400, 'Invalid Request'],
  InvalidStorageClass: [400, 'The storage class that you specified is not valid.'],
  InvalidTag: [400, 'The tags that you provided are not valid.'],
  InvalidToken: [
    400,
    'The provided token is malformed or otherwise not valid: this server issues no session tokens.',
  ],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  InvalidWriteOffset: [400, 'The write offset that you specified is not the current size of the object.'],
  KeyTooLongError: [400, 'Your key is too long: 1,024 bytes of UTF-8 are the most.'],
  MalformedTrailerError: [400, 'The request contained trailing data that was not well-formed.'],
  MalformedXML: [
    400,
    'The XML that you provided was not well-formed or did not validate against the schema.',
  ],
  MaxMessageLengthExceeded: [400, 'Your request was too big.'],
  MetadataTooLarge: [400, 'Your metadata headers exceed the maximum allowed metadata size of 2,048 bytes.'],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  MissingRequestBodyError: [400, 'Request body is empty.'],
  NoSuchBucket: [404, 'The specified bucket does not exist'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchSnapshot: [404, 'The bucket has no snapshot of this name.'],
  NoSuchTagSet: [404, 'The TagSet does not exist'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist: its id is not valid, or it was aborted or completed.',
  ],
  NoSuchVersion: [404, 'The specified version does not exist.'],
  NotImplemented: [
    501,
    'A header or parameter that you provided implies functionality that is not implemented.',
  ],
  NotModified: [304, 'Not Modified'],
  PreconditionFailed: [412, 'At least one of the preconditions that you specified did not hold.'],
  RequestHeaderSectionTooLarge: [400, 'Your request line and headers exceed the maximum allowed size.'],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the time of the server is too large. Set your clock.',
  ],
  RequestTimeout: [
    400,
    'Your socket connection to the server was not read from or written to within the timeout period.',
  ],
  ServiceUnavailable: [503, 'Service is unable to handle the request. Try again.'],
  RestoreAlreadyInProgress: [409, 'Object restore is already in progress.'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  SnapshotAlreadyExists: [
    409,
    'The bucket has a snapshot of this name. Choose another name, or delete that snapshot first.',
  ],
  SlowDown: [503, 'Please reduce your request rate.'],
  TooManyParts: [400, 'The object has been appended to 10,000 times, which is the most. Copy it to go on.'],
  TooManySnapshots: [400, 'The bucket has 1,000 snapshots, which is the most. Delete one to make another.'],
  XAmzContentSHA256Mismatch: [
    400,
    'The provided x-amz-content-sha256 header does not match what was computed.',
  ],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type S3ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('cistern.s3-error');

/** An answer that is an error of S3's. Branded, so that it is known across two copies of the package. */
export class S3Error extends Error {
  readonly [BRAND] = true;
  readonly code: S3ErrorCode;
  /** HTTP status */
  readonly status: number;
  /** further elements of the XML, by element name */
  readonly details: Readonly<Record<string, string>>;
  /** of the answer, names and values in turn */
  readonly headers: readonly string[];

  constructor(
    code: S3ErrorCode,
    message?: string,
    details: Record<string, string> = {},
    headers: readonly string[] = [],
  ) {
    super(message ?? ERRORS[code][1]);
    this.name = 'S3Error';
    this.code = code;
    this.status = ERRORS[code][0];
    this.details = details;
    this.headers = headers;
  }

  static isS3Error(error: unknown): error is S3Error {
    return typeof error === 'object' && error !== null && BRAND in error;
  }
}

/** The XML body of an error. */
export function encodeError(input: {
  error: S3Error;
  resource: string;
  requestId: string;
  hostId: string;
}): string {
  const { error, resource, requestId, hostId } = input;
  const details = Object.entries(error.details).map(
    ([name, value]) => `<${name}>${escapeXml(value)}</${name}>`,
  );
  return (
    `${XML_DECLARATION}<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>` +
    `${details.join('')}<Resource>${escapeXml(resource)}</Resource>` +
    `<RequestId>${escapeXml(requestId)}</RequestId><HostId>${escapeXml(hostId)}</HostId></Error>`
  );
}

/** The error of an argument that is not valid, with the details that S3 gives. */
export function invalidArgument(message: string, name: string, value: string): S3Error {
  return new S3Error('InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });
}
