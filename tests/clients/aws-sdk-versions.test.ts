/**
 * @module @aws-sdk/client-s3 against the server: buckets with versions, delete markers, tags, conditional deletes.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import type { ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';

import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);
const Bucket = 'sdk-versions';
await client.send(new CreateBucketCommand({ Bucket }));

async function setStatus(Status: 'Enabled' | 'Suspended'): Promise<void> {
  const VersioningConfiguration = { Status } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  assert.equal((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status, Status);
}

async function put(Key: string, Body: string): Promise<string> {
  const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key, Body }));
  return VersionId ?? 'null';
}

async function read(Key: string, VersionId?: string): Promise<string | undefined> {
  const input = { Bucket, Key, ...(VersionId !== undefined && { VersionId }) };
  const { Body } = await client.send(new GetObjectCommand(input));
  return Body?.transformToString();
}

test('versions are made, read, listed, restored by a copy, and removed', async () => {
  assert.equal((await client.send(new GetBucketVersioningCommand({ Bucket }))).Status, undefined);
  await client.send(new PutObjectCommand({ Bucket, Key: 'k +ü', Body: 'before' }));
  await setStatus('Enabled');
  const Key = 'k +ü';
  const first = await put(Key, 'one');
  const second = await put(Key, 'two');
  assert.deepEqual(
    [await read(Key), await read(Key, first), await read(Key, 'null')],
    ['two', 'one', 'before'],
  );
  const head = await client.send(new HeadObjectCommand({ Bucket, Key, VersionId: first }));
  assert.deepEqual([head.VersionId, head.ContentLength], [first, 3]);

  const deleted = await client.send(new DeleteObjectCommand({ Bucket, Key }));
  assert.equal(deleted.DeleteMarker, true);
  await assert.rejects(read(Key), sdkError('NoSuchKey', 404));
  const marker = deleted.VersionId ?? '';
  await assert.rejects(read(Key, marker), sdkError('MethodNotAllowed', 405));
  const listed = await client.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    listed.Versions?.map(({ VersionId, IsLatest, Size }) => [VersionId, IsLatest, Size]),
    [
      [second, false, 3],
      [first, false, 3],
      ['null', false, 6],
    ],
  );
  assert.deepEqual(
    listed.DeleteMarkers?.map(({ Key: key, VersionId, IsLatest }) => [key, VersionId, IsLatest]),
    [[Key, marker, true]],
  );

  const CopySource = `${Bucket}/${encodeURIComponent(Key)}?versionId=${first}`;
  const copied = await client.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
  assert.equal(copied.CopySourceVersionId, first);
  assert.ok(copied.VersionId !== undefined && copied.VersionId !== first);
  assert.equal(await read(Key), 'one');

  const removed = await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: copied.VersionId }));
  assert.deepEqual([removed.VersionId, removed.DeleteMarker], [copied.VersionId, undefined]);
  await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: marker }));
  assert.equal(await read(Key), 'two');
  await assert.rejects(read(Key, marker), sdkError('NoSuchVersion', 404));
});

test('suspended: the null version is replaced, the others stay', async () => {
  await setStatus('Enabled');
  const kept = await put('suspended', 'kept');
  await setStatus('Suspended');
  assert.equal(await put('suspended', 'one'), 'null');
  assert.equal(await put('suspended', 'two'), 'null');
  const { VersionId, DeleteMarker } = await client.send(
    new DeleteObjectCommand({ Bucket, Key: 'suspended' }),
  );
  assert.deepEqual([VersionId, DeleteMarker], ['null', true]);
  assert.equal(await read('suspended', kept), 'kept');
});

test('tags of versions and of the bucket', async () => {
  await setStatus('Enabled');
  const TagSet = [
    { Key: 'a', Value: '1' },
    { Key: 'ü b', Value: '' },
  ];
  const Tagging = { TagSet };
  const first = await put('tagged', 'x');
  await put('tagged', 'y');
  const named = { Bucket, Key: 'tagged', VersionId: first };
  const answer = await client.send(new PutObjectTaggingCommand({ ...named, Tagging }));
  assert.equal(answer.VersionId, first);
  assert.deepEqual((await client.send(new GetObjectTaggingCommand(named))).TagSet, TagSet);
  assert.deepEqual((await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))).TagSet, []);
  assert.equal((await client.send(new HeadObjectCommand(named))).TagCount, 2);
  await client.send(new DeleteObjectTaggingCommand(named));
  assert.deepEqual((await client.send(new GetObjectTaggingCommand(named))).TagSet, []);

  const none = client.send(new GetBucketTaggingCommand({ Bucket }));
  await assert.rejects(none, sdkError('NoSuchTagSet', 404));
  await client.send(new PutBucketTaggingCommand({ Bucket, Tagging }));
  assert.deepEqual((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, TagSet);
  await client.send(new DeleteBucketTaggingCommand({ Bucket }));
});

test('deletes on a condition', async () => {
  await setStatus('Enabled');
  const Key = 'conditional';
  await put(Key, 'value');
  const { ETag, LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }));
  assert.ok(ETag !== undefined && LastModified !== undefined);
  const wrong = { IfMatch: '"0"' };
  for (const condition of [wrong, { IfMatchSize: 1 }, { IfMatchLastModifiedTime: new Date(0) }]) {
    const failed = client.send(new DeleteObjectCommand({ Bucket, Key, ...condition }));
    await assert.rejects(failed, sdkError('PreconditionFailed', 412));
  }
  const absent = client.send(new DeleteObjectCommand({ Bucket, Key: 'absent', IfMatch: '*' }));
  await assert.rejects(absent, sdkError('NoSuchKey', 404));
  const Objects = [
    { Key, ETag: '"0"' },
    { Key, ETag, Size: 5, LastModifiedTime: LastModified },
  ];
  const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(
    Errors?.map(({ Code }) => Code),
    ['PreconditionFailed'],
  );
  assert.deepEqual(
    Deleted?.map(({ DeleteMarker }) => DeleteMarker),
    [true],
  );
  const condition = { IfMatch: ETag, IfMatchSize: 5, IfMatchLastModifiedTime: LastModified };
  const gone = client.send(new DeleteObjectCommand({ Bucket, Key, ...condition }));
  await assert.rejects(gone, sdkError('NoSuchKey', 404));
});

test('a bucket is emptied as its users do it: page by page, versions and markers alike', async () => {
  let pages = 0;
  for (let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; markers;) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket, MaxKeys: 3, ...markers }),
    );
    const { Versions = [], DeleteMarkers = [], IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => {
      assert.ok(Key !== undefined && VersionId !== undefined);
      return { Key, VersionId };
    });
    pages++;
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    assert.equal(Errors, undefined);
    markers =
      IsTruncated === true
        ? {
            ...(NextKeyMarker !== undefined && { KeyMarker: NextKeyMarker }),
            ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined;
  }
  assert.ok(pages > 2);
  await client.send(new DeleteBucketCommand({ Bucket }));
});
