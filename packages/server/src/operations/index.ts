/**
 * From an authenticated request to its operation's file. Authorization is here, before any operation runs: the bucket
 * is found and its use allowed, and what an operation does not know is refused.
 */

import { checkBucketName, refuseUnknown, S3Error } from '@cistern/protocol';
import type { Query, RawHeaders, S3Operation, S3OperationName } from '@cistern/protocol';
import type { User } from '../config.ts';
import { accessBucket } from '../http/access-control.ts';
import type { Reply } from '../http/reply.ts';
import type { RequestBody } from '../http/request-body.ts';
import type { InBucket, Services } from './context.ts';
import { copyObject } from './copy-object.ts';
import { createBucket } from './create-bucket.ts';
import { deleteBucket } from './delete-bucket.ts';
import { deleteObject } from './delete-object.ts';
import { deleteObjects } from './delete-objects.ts';
import { getBucketLocation } from './get-bucket-location.ts';
import { getBucketVersioning } from './get-bucket-versioning.ts';
import { getObject, headObject } from './get-object.ts';
import { headBucket } from './head-bucket.ts';
import { listBuckets } from './list-buckets.ts';
import { listObjectVersions } from './list-object-versions.ts';
import { listObjects } from './list-objects.ts';
import { putBucketVersioning } from './put-bucket-versioning.ts';
import { putObject } from './put-object.ts';
import { renameObject } from './rename-object.ts';
import { restoreObject } from './restore-object.ts';

export interface OperationRequest {
  readonly services: Services;
  readonly operation: Exclude<S3Operation, { name: 'Unsupported' }>;
  readonly user: User;
  readonly headers: RawHeaders;
  readonly body: RequestBody;
}

/** @throws S3Error, CatalogError */
export async function runOperation(request: OperationRequest): Promise<Reply> {
  const { services, operation, user, headers, body } = request;
  const authorized = { services, user, headers, body };
  if (operation.name === 'ListBuckets') {
    refuseUnknown(operation.name, operation.query, headers);
    return listBuckets(authorized, operation);
  }
  checkBucketName(operation.bucket);
  if (operation.name === 'ForkBucket') throw notImplemented(operation.name);
  if (operation.name === 'CreateBucket') {
    refuseUnknown(operation.name, operation.query, headers);
    return createBucket(authorized, operation);
  }
  const expectedOwner = headers.get('x-amz-expected-bucket-owner');
  const bucket = await accessBucket(services.catalog, user, operation.bucket, expectedOwner);
  refuseUnknown(operation.name, operation.query, headers);
  refuseUnserved(operation, headers);
  const context: InBucket = { ...authorized, bucket };
  switch (operation.name) {
    case 'GetObject':
      return getObject(context, operation);
    case 'HeadObject':
      return headObject(context, operation);
    case 'PutObject':
      return putObject(context, operation);
    case 'DeleteObject':
      return deleteObject(context, operation);
    case 'ListObjects':
    case 'ListObjectsV2':
      return listObjects(context, operation);
    case 'CopyObject':
      return copyObject(context, operation);
    case 'DeleteObjects':
      return deleteObjects(context);
    case 'RenameObject':
      return renameObject(context, operation);
    case 'HeadBucket':
      return headBucket(context);
    case 'DeleteBucket':
      return deleteBucket(context);
    case 'GetBucketLocation':
      return getBucketLocation(context);
    case 'GetBucketVersioning':
      return getBucketVersioning(context);
    case 'PutBucketVersioning':
      return putBucketVersioning(context);
    case 'ListObjectVersions':
      return listObjectVersions(context, operation);
    case 'RestoreObject':
      return restoreObject(context, operation);
    default:
      throw notImplemented(operation.name);
  }
}

const notImplemented = (name: string): S3Error =>
  new S3Error('NotImplemented', `${name} is not implemented.`);

/** What operations that are served know by name, and do not do: it is not to be ignored. */
const UNSERVED: Partial<Record<S3OperationName, readonly string[]>> = {
  GetObject: ['partNumber'],
  HeadObject: ['partNumber'],
  PutObject: ['x-cistern-live'],
};

/** @throws S3Error NotImplemented */
function refuseUnserved(
  { name: operation, query }: { name: S3OperationName; query: Query },
  headers: RawHeaders,
): void {
  for (const name of UNSERVED[operation] ?? []) {
    if (headers.has(name) || query.has(name)) throw notImplemented(name);
  }
}
