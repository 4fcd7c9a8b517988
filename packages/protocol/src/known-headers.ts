/**
 * @module The `x-amz-*` and `x-cistern-*` headers of each operation. A header that is not here is refused, and with it
 * what it asks for: multi-factor deletion, grants, encryption, object lock. What a header says is judged elsewhere.
 */

import { CHECKSUM_ALGORITHMS, checksumHeader } from './checksums/algorithm.ts';
import type { S3OperationName } from './operation.ts';

/** Headers of every operation. They say who asks and how the request is signed, or ask for what is so in any case. */
const COMMON = [
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-user-agent',
  'x-amz-request-payer',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
];
const CHECKSUMS = CHECKSUM_ALGORITHMS.map(checksumHeader);
/** Of a body: the older SDKs name the algorithm without `sdk`. */
const BODY = [...CHECKSUMS, 'x-amz-checksum-algorithm'];
const STORING = ['x-amz-storage-class', 'x-amz-acl', 'x-amz-tagging'];
const READING = ['x-amz-checksum-mode'];
const LISTING = ['x-amz-optional-object-attributes'];
const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
const COPYING = [
  'x-amz-copy-source',
  ...CONDITIONS.map((name) => `x-amz-copy-source-${name}`),
  'x-amz-source-expected-bucket-owner',
];

export const KNOWN_HEADERS: Readonly<Record<S3OperationName, ReadonlySet<string>>> = {
  ListBuckets: headers(),
  CreateBucket: headers('x-amz-acl', 'x-amz-bucket-object-lock-enabled', 'x-amz-object-ownership'),
  HeadBucket: ofBucket(),
  DeleteBucket: ofBucket(),
  GetBucketLocation: ofBucket(),
  GetBucketTagging: ofBucket(),
  PutBucketTagging: ofBucket(...BODY),
  DeleteBucketTagging: ofBucket(),
  GetBucketVersioning: ofBucket(),
  PutBucketVersioning: ofBucket(...BODY),
  ListObjects: ofBucket(...LISTING),
  ListObjectsV2: ofBucket(...LISTING),
  ListObjectVersions: ofBucket(...LISTING),
  ListMultipartUploads: ofBucket(),
  DeleteObjects: ofBucket(...BODY),
  CreateSnapshot: ofBucket(),
  DeleteSnapshot: ofBucket(),
  ListSnapshots: ofBucket(),
  ForkBucket: headers('x-cistern-fork-source', 'x-cistern-fork-time', 'x-amz-source-expected-bucket-owner'),
  PutObject: ofBucket(...BODY, ...STORING, 'x-amz-write-offset-bytes', 'x-cistern-live'),
  CopyObject: ofBucket(
    ...STORING,
    ...COPYING,
    'x-amz-checksum-algorithm',
    'x-amz-metadata-directive',
    'x-amz-tagging-directive',
  ),
  RenameObject: ofBucket(
    'x-amz-rename-source',
    ...CONDITIONS.map((name) => `x-amz-rename-source-${name}`),
    'x-amz-client-token',
  ),
  GetObject: ofBucket(...READING),
  HeadObject: ofBucket(...READING),
  DeleteObject: ofBucket('x-amz-if-match-last-modified-time', 'x-amz-if-match-size'),
  GetObjectAttributes: ofBucket('x-amz-object-attributes', 'x-amz-max-parts', 'x-amz-part-number-marker'),
  GetObjectTagging: ofBucket(),
  PutObjectTagging: ofBucket(...BODY),
  DeleteObjectTagging: ofBucket(),
  RestoreObject: ofBucket(...BODY),
  CreateMultipartUpload: ofBucket(...STORING, 'x-amz-checksum-algorithm', 'x-amz-checksum-type'),
  UploadPart: ofBucket(...BODY),
  UploadPartCopy: ofBucket(...COPYING, 'x-amz-copy-source-range'),
  // The checksums are the object's, not those of the document.
  CompleteMultipartUpload: ofBucket(
    ...CHECKSUMS,
    'x-amz-checksum-type',
    'x-amz-mp-object-size',
    'x-cistern-small-parts',
  ),
  AbortMultipartUpload: ofBucket(),
  ListParts: ofBucket(),
  ReadUpload: ofBucket(...READING, 'x-cistern-follow'),
  HeadUpload: ofBucket(...READING),
  ResumeUpload: ofBucket(...BODY, 'x-amz-write-offset-bytes', 'x-cistern-live'),
  ListKeyUploads: ofBucket(),
};

function headers(...names: string[]): ReadonlySet<string> {
  return new Set([...COMMON, ...names]);
}

/** Of an operation on a bucket that is there, and so has an owner. */
function ofBucket(...names: string[]): ReadonlySet<string> {
  return headers('x-amz-expected-bucket-owner', ...names);
}

const STORES: ReadonlySet<S3OperationName> = new Set(['PutObject', 'CopyObject', 'CreateMultipartUpload']);

/** Whether it stores an object's attributes: then `x-amz-meta-*` are known, too. */
export function takesMetadata(operation: S3OperationName): boolean {
  return STORES.has(operation);
}
