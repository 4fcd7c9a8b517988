/**
 * @module Nothing is silently ignored: a query parameter or an `x-amz-*` header that an operation does not serve is
 * refused by name.
 */

import { invalidArgument, S3Error } from './errors.ts';
import type { S3OperationName } from './operation.ts';
import { headerOfParameter, isSignatureParameter } from './presigned-headers.ts';
import type { RawHeaders } from './raw-headers.ts';
import type { Query } from './target.ts';

const RESPONSE_OVERRIDES = [
  'response-content-type',
  'response-content-language',
  'response-expires',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
];

const PARAMETERS: Record<S3OperationName, readonly string[]> = {
  ListBuckets: ['max-buckets', 'continuation-token', 'prefix', 'bucket-region'],
  CreateBucket: [],
  HeadBucket: [],
  DeleteBucket: [],
  GetBucketLocation: ['location'],
  ListObjects: ['prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type', 'list-type'],
  ListObjectsV2: [
    'list-type',
    'prefix',
    'delimiter',
    'start-after',
    'continuation-token',
    'max-keys',
    'encoding-type',
    'fetch-owner',
  ],
  DeleteObjects: ['delete'],
  PutObject: [],
  CopyObject: [],
  GetObject: ['versionId', ...RESPONSE_OVERRIDES],
  HeadObject: ['versionId', ...RESPONSE_OVERRIDES],
  DeleteObject: ['versionId'],
};

/** Headers of every operation. They say who asks and how the request is signed, or ask for what is so in any case. */
const COMMON_HEADERS = [
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-user-agent',
  'x-amz-request-payer',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
];
const CHECKSUMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'].map((name) => `x-amz-checksum-${name}`);
const STORING = ['x-amz-storage-class', 'x-amz-acl', 'x-amz-tagging'];
const COPY_CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

const HEADERS: Record<S3OperationName, ReadonlySet<string>> = {
  ListBuckets: headers(),
  CreateBucket: headers('x-amz-acl', 'x-amz-bucket-object-lock-enabled', 'x-amz-object-ownership'),
  HeadBucket: ofBucket(),
  DeleteBucket: ofBucket(),
  GetBucketLocation: ofBucket(),
  ListObjects: ofBucket('x-amz-optional-object-attributes'),
  ListObjectsV2: ofBucket('x-amz-optional-object-attributes'),
  DeleteObjects: ofBucket(...CHECKSUMS, 'x-amz-checksum-algorithm'),
  PutObject: ofBucket(...CHECKSUMS, ...STORING, 'x-amz-checksum-algorithm'),
  CopyObject: ofBucket(
    ...STORING,
    'x-amz-checksum-algorithm',
    'x-amz-copy-source',
    ...COPY_CONDITIONS.map((name) => `x-amz-copy-source-${name}`),
    'x-amz-metadata-directive',
    'x-amz-tagging-directive',
    'x-amz-source-expected-bucket-owner',
  ),
  GetObject: ofBucket('x-amz-checksum-mode'),
  HeadObject: ofBucket('x-amz-checksum-mode'),
  DeleteObject: ofBucket(),
};

function headers(...names: string[]): ReadonlySet<string> {
  return new Set([...COMMON_HEADERS, ...names]);
}

/** Of an operation on a bucket that is there, and so has an owner. */
function ofBucket(...names: string[]): ReadonlySet<string> {
  return headers('x-amz-expected-bucket-owner', ...names);
}

const STORES: ReadonlySet<S3OperationName> = new Set(['PutObject', 'CopyObject']);

/**
 * Refuses what the operation does not know. Parameters that begin with `x-` are for the client's own use, as on S3,
 * unless they are Amazon's or ours: those of a presigned URL are its signature, or headers that stand in the query.
 *
 * @param requestHeaders with those that a presigned URL carries (`withPresignedHeaders`)
 * @throws S3Error NotImplemented
 */
export function refuseUnknown(operation: S3OperationName, query: Query, requestHeaders: RawHeaders): void {
  const presigned = query.has('X-Amz-Signature');
  for (const [name, value] of query.entries()) {
    if (PARAMETERS[operation].includes(name) || isSignatureParameter(name)) continue;
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') || lower.startsWith('x-cistern-')) {
      const header = presigned ? headerOfParameter(name, value) : lower;
      if (header === undefined || (presigned && requestHeaders.has(header))) continue;
    } else if (name.startsWith('x-')) {
      continue;
    }
    throw new S3Error('NotImplemented', `The query parameter ${name} is not implemented for ${operation}.`);
  }
  const known = HEADERS[operation];
  for (const name of requestHeaders.names()) {
    if (!name.startsWith('x-amz-') && !name.startsWith('x-cistern-')) continue;
    if (known.has(name) || (name.startsWith('x-amz-meta-') && STORES.has(operation))) continue;
    throw new S3Error('NotImplemented', `The header ${name} is not implemented for ${operation}.`, {
      Header: name,
    });
  }
}

/** Canned ACLs of S3; the served ones say what is so in any case: an object belongs to its bucket's owner alone. */
const CANNED_ACLS = new Set([
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'log-delivery-write',
]);

/** @throws S3Error NotImplemented, InvalidArgument */
export function checkAcl(requestHeaders: RawHeaders): void {
  const acl = requestHeaders.get('x-amz-acl');
  if (acl === undefined || acl === 'private' || acl === 'bucket-owner-full-control') return;
  if (CANNED_ACLS.has(acl)) {
    throw new S3Error(
      'NotImplemented',
      `The ACL ${acl} is not implemented: buckets and objects are private.`,
    );
  }
  throw invalidArgument('The canned ACL is not one of those that S3 defines.', 'x-amz-acl', acl);
}
