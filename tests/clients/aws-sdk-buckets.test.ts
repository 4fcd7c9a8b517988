/**
 * @module @aws-sdk/client-s3 against the server: buckets and listings.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  paginateListBuckets,
  paginateListObjectsV2,
  PutObjectCommand,
  waitUntilBucketExists,
  waitUntilBucketNotExists,
} from '@aws-sdk/client-s3';

import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);

const KEYS = ['a', 'b/1', 'b/2', 'b/c/3', 'd +%&<>"', 'e/', 'e/f', 'é', '日本/語', '🚰'];

test('a bucket is created, seen, and deleted once it is empty', async () => {
  const Bucket = 'sdk-life';
  await assert.rejects(client.send(new HeadBucketCommand({ Bucket })), sdkError('NotFound', 404));
  const created = await client.send(new CreateBucketCommand({ Bucket }));
  assert.equal(created.Location, `/${Bucket}`);
  await client.send(new CreateBucketCommand({ Bucket }));
  await waitUntilBucketExists({ client, minDelay: 1, maxWaitTime: 10 }, { Bucket });

  // us-east-1 is the region without a name: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
  const location = await client.send(new GetBucketLocationCommand({ Bucket }));
  assert.equal(location.LocationConstraint || undefined, undefined);
  assert.ok((await client.send(new ListBucketsCommand({}))).Buckets?.some(({ Name }) => Name === Bucket));

  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'v' }));
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket })), sdkError('BucketNotEmpty', 409));
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }));
  await client.send(new DeleteBucketCommand({ Bucket }));
  await waitUntilBucketNotExists({ client, minDelay: 1, maxWaitTime: 10 }, { Bucket });
  await assert.rejects(client.send(new DeleteBucketCommand({ Bucket })), sdkError('NoSuchBucket', 404));
});

test('buckets are listed in pages', async () => {
  const names = ['sdk-page-a', 'sdk-page-b', 'sdk-page-c'];
  for (const Bucket of names) await client.send(new CreateBucketCommand({ Bucket }));
  const seen: (string | undefined)[] = [];
  for await (const page of paginateListBuckets({ client, pageSize: 2 }, { Prefix: 'sdk-page-' })) {
    assert.ok((page.Buckets?.length ?? 0) <= 2);
    for (const { Name, CreationDate } of page.Buckets ?? []) {
      assert.ok(CreationDate instanceof Date);
      seen.push(Name);
    }
  }
  assert.deepEqual(seen, names);
});

test('objects are listed whole, in pages, by prefix and by delimiter, in both versions', async () => {
  const Bucket = 'sdk-list';
  await client.send(new CreateBucketCommand({ Bucket }));
  for (const Key of KEYS) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));

  const pages: (string | undefined)[][] = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 3 }, { Bucket })) {
    pages.push((page.Contents ?? []).map(({ Key }) => Key));
  }
  assert.deepEqual(pages.flat(), KEYS);
  assert.deepEqual(
    pages.map(({ length }) => length),
    [3, 3, 3, 1],
  );

  const folders = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
  assert.deepEqual(
    folders.CommonPrefixes?.map(({ Prefix }) => Prefix),
    ['b/', 'e/', '日本/'],
  );
  assert.equal(folders.KeyCount, KEYS.length - 6 + 3);

  const after = await client.send(
    new ListObjectsV2Command({ Bucket, StartAfter: 'b/2', MaxKeys: 2, FetchOwner: true }),
  );
  assert.deepEqual(
    after.Contents?.map(({ Key }) => Key),
    ['b/c/3', 'd +%&<>"'],
  );
  assert.ok(after.Contents?.[0]?.Owner?.ID);
  assert.equal(after.IsTruncated, true);

  const first = await client.send(
    new ListObjectsCommand({ Bucket, Prefix: 'b/', Delimiter: '/', MaxKeys: 2 }),
  );
  assert.deepEqual(
    first.Contents?.map(({ Key }) => Key),
    ['b/1', 'b/2'],
  );
  assert.equal(first.NextMarker, 'b/2');
  const second = await client.send(
    new ListObjectsCommand({
      Bucket,
      Prefix: 'b/',
      Delimiter: '/',
      ...(first.NextMarker && { Marker: first.NextMarker }),
    }),
  );
  assert.deepEqual(
    second.CommonPrefixes?.map(({ Prefix }) => Prefix),
    ['b/c/'],
  );

  const one = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a' }));
  const entry = one.Contents?.[0];
  assert.equal(entry?.Size, 1);
  assert.equal(entry?.ETag, '"0cc175b9c0f1b6a831c399e269772661"');
  assert.equal(entry?.StorageClass, 'STANDARD');
  assert.ok(Math.abs((entry?.LastModified?.getTime() ?? 0) - Date.now()) < 60_000);
});
