/**
 * From an authenticated request to its operation's file. Authorization is here, before any operation runs: the bucket
 * is found and its use allowed, and what an operation does not know is refused.
 */

import { checkBucketName, refuseUnknown } from '@cistern/protocol';
import type { RawHeaders, S3Operation } from '@cistern/protocol';
import type { User } from '../config.ts';
import { accessBucket } from '../http/access-control.ts';
import type { Reply } from '../http/reply.ts';
import type { RequestBody } from '../http/request-body.ts';
import type { InBucket, Services } from './context.ts';
import { passOverBody } from './pass-over-body.ts';
import { abortMultipartUpload } from './abort-multipart-upload.ts';
import { completeMultipartUpload } from './complete-multipart-upload.ts';
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from './bucket-tagging.ts';
import { copyObject } from './copy-object.ts';
import { createBucket } from './create-bucket.ts';
import { createMultipartUpload } from './create-multipart-upload.ts';
import { createSnapshot } from './create-snapshot.ts';
import { deleteBucket } from './delete-bucket.ts';
import { deleteObject } from './delete-object.ts';
import { deleteObjects } from './delete-objects.ts';
import { deleteSnapshot } from './delete-snapshot.ts';
import { forkBucket } from './fork-bucket.ts';
import { getBucketLocation } from './get-bucket-location.ts';
import { getBucketVersioning } from './get-bucket-versioning.ts';
import { getObjectAttributes } from './get-object-attributes.ts';
import { getObject, headObject } from './get-object.ts';
import { headBucket } from './head-bucket.ts';
import { listMultipartUploads } from './list-multipart-uploads.ts';
import { listBuckets } from './list-buckets.ts';
import { listObjectVersions } from './list-object-versions.ts';
import { listObjects } from './list-objects.ts';
import { listKeyUploads } from './live/list-key-uploads.ts';
import { resumeUpload } from './live/live-put.ts';
import { headUpload, readUpload } from './live/read-upload.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.ts';
import { putBucketVersioning } from './put-bucket-versioning.ts';
import { listParts } from './list-parts.ts';
import { putObject } from './put-object.ts';
import { renameObject } from './rename-object.ts';
import { restoreObject } from './restore-object.ts';
import { uploadPart } from './upload-part.ts';
import { uploadPartCopy } from './upload-part-copy.ts';
import { listSnapshots } from './list-snapshots.ts';
import { refuseOnSnapshot } from './snapshot-access.ts';

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
  if (operation.name === 'CreateBucket') {
    refuseUnknown(operation.name, operation.query, headers);
    return createBucket(authorized, operation);
  }
  if (operation.name === 'ForkBucket') {
    refuseUnknown(operation.name, operation.query, headers);
    return forkBucket(authorized, operation);
  }
  const expectedOwner = headers.get('x-amz-expected-bucket-owner');
  const bucket = await accessBucket(services.catalog, user, operation.bucket, expectedOwner);
  refuseUnknown(operation.name, operation.query, headers);
  refuseOnSnapshot(bucket, operation.name);
  await passOverBody(operation.name, body);
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
    case 'ReadUpload':
      return readUpload(context, operation);
    case 'HeadUpload':
      return headUpload(context, operation);
    case 'ResumeUpload':
      return resumeUpload(context, operation);
    case 'ListKeyUploads':
      return listKeyUploads(context, operation);
    case 'RenameObject':
      return renameObject(context, operation);
    case 'HeadBucket':
      return headBucket(context);
    case 'DeleteBucket':
      return deleteBucket(context);
    case 'GetBucketLocation':
      return getBucketLocation(context);
    case 'GetObjectTagging':
      return getObjectTagging(context, operation);
    case 'PutObjectTagging':
      return putObjectTagging(context, operation);
    case 'DeleteObjectTagging':
      return deleteObjectTagging(context, operation);
    case 'GetBucketTagging':
      return getBucketTagging(context);
    case 'PutBucketTagging':
      return putBucketTagging(context);
    case 'DeleteBucketTagging':
      return deleteBucketTagging(context);
    case 'GetBucketVersioning':
      return getBucketVersioning(context);
    case 'PutBucketVersioning':
      return putBucketVersioning(context);
    case 'ListObjectVersions':
      return listObjectVersions(context, operation);
    case 'RestoreObject':
      return restoreObject(context, operation);
    case 'GetObjectAttributes':
      return getObjectAttributes(context, operation);
    case 'CreateMultipartUpload':
      return createMultipartUpload(context, operation);
    case 'UploadPart':
      return uploadPart(context, operation);
    case 'UploadPartCopy':
      return uploadPartCopy(context, operation);
    case 'CompleteMultipartUpload':
      return completeMultipartUpload(context, operation);
    case 'AbortMultipartUpload':
      return abortMultipartUpload(context, operation);
    case 'ListParts':
      return listParts(context, operation);
    case 'ListMultipartUploads':
      return listMultipartUploads(context, operation);
    case 'CreateSnapshot':
      return createSnapshot(context, operation);
    case 'DeleteSnapshot':
      return deleteSnapshot(context, operation);
    case 'ListSnapshots':
      return listSnapshots(context);
  }
}
