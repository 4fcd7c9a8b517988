/**
 * @module One request for every operation that the server has, such that it would succeed, and change something if it
 * writes, when its sender may do it. The table is closed over the operations' names: a new one without an entry is no
 * valid TypeScript, and fails `every-operation.test.ts`.
 */

import type { S3OperationName } from '@cistern/protocol';

import { contents, expectStatus } from '../support/expect.ts';
import { LiveKey, uploadsOf } from '../support/live.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { md5Base64, objectPath, type S3, type S3RequestOptions } from '../support/s3.ts';

/** What the requests are about: all of it belongs to one user. */
export interface Ground {
  readonly bucket: string;
  /** holds `value`, with a tag and metadata */
  readonly key: string;
  /** of another key, with one part, `part` */
  readonly uploadKey: string;
  readonly uploadId: string;
  /** of a live upload whose client has vanished before it sent anything */
  readonly liveId: string;
  /** a snapshot of the bucket */
  readonly snapshot: string;
  /** the name of a bucket that is not there */
  readonly free: string;
}

export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

const KEY = 'key';
const UPLOAD_KEY = 'upload';
const LIVE_KEY = 'live';
const ARCHIVED_KEY = 'archived';

export async function makeGround(s3: S3): Promise<Ground> {
  const bucket = await s3.freshBucket('ground');
  await s3.put(bucket, KEY, 'value', { 'x-amz-tagging': 'a=b', 'x-amz-meta-a': 'b' });
  await s3.put(bucket, ARCHIVED_KEY, 'value', { 'x-amz-storage-class': 'GLACIER' });
  const upload = await MultipartUpload.begin(s3, bucket, UPLOAD_KEY);
  expectStatus(await upload.put(1, 'part'), 200);
  (await new LiveKey(s3, bucket, LIVE_KEY).begin()).vanish();
  const [liveId = ''] = await uploadsOf(s3, bucket, LIVE_KEY);
  expectStatus(await s3.bucket('PUT', bucket, { query: 'cistern-snapshot=before' }), 200);
  const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>';
  expectStatus(await s3.bucket('PUT', bucket, { query: 'tagging', body: tagging }), 204);
  return {
    bucket,
    key: KEY,
    uploadKey: UPLOAD_KEY,
    uploadId: upload.id,
    liveId,
    snapshot: 'before',
    free: `${bucket}-fork`,
  };
}

type Make = (ground: Ground) => Sample;

const onBucket =
  (method: string, query?: Record<string, string>, body?: string, headers?: Record<string, string>): Make =>
  ({ bucket }) => ({ method, path: `/${bucket}`, query, body, headers });

const onKey =
  (method: string, query?: Record<string, string>, body?: string, headers?: Record<string, string>): Make =>
  ({ bucket, key }) => ({ method, path: objectPath(bucket, key), query, body, headers });

const onUpload =
  (method: string, name: string, more: Record<string, string> = {}, body?: string): Make =>
  ({ bucket, uploadKey, uploadId }) => ({
    method,
    path: objectPath(bucket, uploadKey),
    query: { [name]: uploadId, ...more },
    body,
  });

const TAGGING = '<Tagging><TagSet><Tag><Key>c</Key><Value>d</Value></Tag></TagSet></Tagging>';
const DELETE = `<Delete><Object><Key>${KEY}</Key></Object></Delete>`;
const PARTS = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"${etag('part')}"</ETag></Part></CompleteMultipartUpload>`;

function etag(body: string): string {
  return Buffer.from(md5Base64(body), 'base64').toString('hex');
}

export const SAMPLES: Readonly<Record<S3OperationName, Make>> = {
  ListBuckets: () => ({ method: 'GET', path: '/' }),
  CreateBucket: ({ free }) => ({ method: 'PUT', path: `/${free}` }),
  HeadBucket: onBucket('HEAD'),
  DeleteBucket: onBucket('DELETE'),
  GetBucketLocation: onBucket('GET', { location: '' }),
  GetBucketTagging: onBucket('GET', { tagging: '' }),
  PutBucketTagging: onBucket('PUT', { tagging: '' }, TAGGING),
  DeleteBucketTagging: onBucket('DELETE', { tagging: '' }),
  GetBucketVersioning: onBucket('GET', { versioning: '' }),
  PutBucketVersioning: onBucket(
    'PUT',
    { versioning: '' },
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  ),
  ListObjects: onBucket('GET'),
  ListObjectsV2: onBucket('GET', { 'list-type': '2' }),
  ListObjectVersions: onBucket('GET', { versions: '' }),
  ListMultipartUploads: onBucket('GET', { uploads: '' }),
  DeleteObjects: onBucket('POST', { delete: '' }, DELETE, { 'content-md5': md5Base64(DELETE) }),
  CreateSnapshot: onBucket('PUT', { 'cistern-snapshot': 'after' }),
  DeleteSnapshot: ({ bucket, snapshot }) => ({
    method: 'DELETE',
    path: `/${bucket}`,
    query: { 'cistern-snapshot': snapshot },
  }),
  ListSnapshots: onBucket('GET', { 'cistern-snapshots': '' }),
  ForkBucket: ({ bucket, free }) => ({
    method: 'PUT',
    path: `/${free}`,
    query: { 'cistern-fork': '' },
    headers: { 'x-cistern-fork-source': bucket },
  }),
  PutObject: onKey('PUT', undefined, 'other'),
  CopyObject: ({ bucket, key }) => ({
    method: 'PUT',
    path: objectPath(bucket, 'copy'),
    headers: { 'x-amz-copy-source': `/${bucket}/${key}` },
  }),
  RenameObject: ({ bucket, key }) => ({
    method: 'PUT',
    path: objectPath(bucket, 'renamed'),
    query: { renameObject: '' },
    headers: { 'x-amz-rename-source': `/${key}` },
  }),
  GetObject: onKey('GET'),
  HeadObject: onKey('HEAD'),
  DeleteObject: onKey('DELETE'),
  GetObjectAttributes: onKey('GET', { attributes: '' }, undefined, { 'x-amz-object-attributes': 'ETag' }),
  GetObjectTagging: onKey('GET', { tagging: '' }),
  PutObjectTagging: onKey('PUT', { tagging: '' }, TAGGING),
  DeleteObjectTagging: onKey('DELETE', { tagging: '' }),
  RestoreObject: ({ bucket }) => ({
    method: 'POST',
    path: objectPath(bucket, ARCHIVED_KEY),
    query: { restore: '' },
    body: '<RestoreRequest><Days>1</Days></RestoreRequest>',
  }),
  CreateMultipartUpload: onKey('POST', { uploads: '' }),
  UploadPart: onUpload('PUT', 'uploadId', { partNumber: '1' }, 'other'),
  UploadPartCopy: (ground) => ({
    ...onUpload('PUT', 'uploadId', { partNumber: '2' })(ground),
    headers: { 'x-amz-copy-source': `/${ground.bucket}/${ground.key}` },
  }),
  CompleteMultipartUpload: onUpload('POST', 'uploadId', {}, PARTS),
  AbortMultipartUpload: onUpload('DELETE', 'uploadId'),
  ListParts: onUpload('GET', 'uploadId'),
  ReadUpload: onUpload('GET', 'cistern-upload'),
  HeadUpload: onUpload('HEAD', 'cistern-upload'),
  ResumeUpload: ({ bucket, liveId }) => ({
    method: 'PUT',
    path: objectPath(bucket, LIVE_KEY),
    query: { 'cistern-upload': liveId },
    headers: { 'x-amz-write-offset-bytes': '0' },
    body: 'live',
  }),
  ListKeyUploads: ({ bucket, uploadKey }) => ({
    method: 'GET',
    path: objectPath(bucket, uploadKey),
    query: { 'cistern-uploads': '' },
  }),
};

export const OPERATIONS = Object.keys(SAMPLES) as S3OperationName[];

/** What the client is given to send it; `UNSIGNED-PAYLOAD` where the operation does not take a hash. */
export function optionsOf(name: S3OperationName, { query, headers, body }: Sample): S3RequestOptions {
  return {
    ...(query !== undefined && { query }),
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body }),
    ...(name === 'ResumeUpload' && { payload: 'UNSIGNED-PAYLOAD' }),
  };
}

/** All that its owner can see: what a refused request must leave as it was. */
export async function everything(s3: S3, { bucket, key, uploadKey, uploadId }: Ground): Promise<unknown> {
  const upload = new MultipartUpload(s3, { bucket, key: uploadKey, id: uploadId });
  const asked = await Promise.all([
    s3.send('GET', '/'),
    ...['versions', 'uploads', 'tagging', 'versioning', 'cistern-snapshots'].map((query) =>
      s3.bucket('GET', bucket, { query }),
    ),
    s3.object('GET', bucket, key),
    s3.object('GET', bucket, key, { query: 'tagging' }),
    upload.ask('GET'),
  ]);
  return [await contents(s3, bucket), asked.map(({ status, text }) => [status, text])];
}
