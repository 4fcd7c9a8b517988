/** What may be asked of a snapshot: it is read, as a bucket is, and never written to. */

import { S3Error } from '@cistern/protocol';
import type { S3OperationName } from '@cistern/protocol';
import type { Bucket } from '../catalog/catalog.ts';

const READS: ReadonlySet<S3OperationName> = new Set<S3OperationName>([
  'HeadBucket',
  'GetBucketLocation',
  'GetBucketVersioning',
  'GetBucketTagging',
  'ListObjects',
  'ListObjectsV2',
  'GetObject',
  'HeadObject',
  'GetObjectAttributes',
  'GetObjectTagging',
]);

/** @throws S3Error MethodNotAllowed */
export function refuseOnSnapshot({ name, asOf }: Bucket, operation: S3OperationName): void {
  if (asOf === null || READS.has(operation)) return;
  throw new S3Error(
    'MethodNotAllowed',
    `${name} is a snapshot: it is read-only, and ${operation} is not allowed on it. Write to its bucket, or to a fork.`,
    { BucketName: name },
  );
}
