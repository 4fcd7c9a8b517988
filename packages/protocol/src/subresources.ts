/**
 * @module The sub-resources that are served: which operation each method makes of them. The operations without one are
 * `operation.ts`'s, those that are not served `unsupported.ts`'s. Names that begin with `cistern-` are ours.
 */

import type { BucketOperationName, ObjectOperationName } from './operation.ts';

type Methods<N extends string> = Readonly<Partial<Record<string, N>>>;

export const BUCKET_SUBRESOURCES: ReadonlyMap<string, Methods<BucketOperationName>> = new Map<
  string,
  Methods<BucketOperationName>
>([
  ['cistern-fork', { PUT: 'ForkBucket' }],
  ['cistern-snapshot', { PUT: 'CreateSnapshot', DELETE: 'DeleteSnapshot' }],
  ['cistern-snapshots', { GET: 'ListSnapshots' }],
  ['delete', { POST: 'DeleteObjects' }],
  ['location', { GET: 'GetBucketLocation' }],
  ['tagging', { GET: 'GetBucketTagging', PUT: 'PutBucketTagging', DELETE: 'DeleteBucketTagging' }],
  ['uploads', { GET: 'ListMultipartUploads' }],
  ['versioning', { GET: 'GetBucketVersioning', PUT: 'PutBucketVersioning' }],
  ['versions', { GET: 'ListObjectVersions' }],
]);

export const OBJECT_SUBRESOURCES: ReadonlyMap<string, Methods<ObjectOperationName>> = new Map<
  string,
  Methods<ObjectOperationName>
>([
  ['attributes', { GET: 'GetObjectAttributes' }],
  ['cistern-upload', { GET: 'ReadUpload', HEAD: 'HeadUpload', PUT: 'ResumeUpload' }],
  ['cistern-uploads', { GET: 'ListKeyUploads' }],
  ['renameObject', { PUT: 'RenameObject' }],
  ['restore', { POST: 'RestoreObject' }],
  ['tagging', { GET: 'GetObjectTagging', PUT: 'PutObjectTagging', DELETE: 'DeleteObjectTagging' }],
  [
    'uploadId',
    {
      GET: 'ListParts',
      PUT: 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    },
  ],
  ['uploads', { POST: 'CreateMultipartUpload' }],
]);
