/** @module The AWS SDK appends and renames: it sends both to any endpoint, though AWS has them in directory buckets only. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RenameObjectCommand,
} from '@aws-sdk/client-s3';

import { startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3 } = await startTestServer();
const client = createSdkClient(s3);
const Bucket = await s3.freshBucket();

test('a log grows by appends, which its default checksum follows, and is rotated by a rename', async () => {
  const Key = 'app.log';
  let size = 0;
  for (const Body of ['one\n', 'two\n', 'three\n']) {
    const { Size } = await client.send(new PutObjectCommand({ Bucket, Key, Body, WriteOffsetBytes: size }));
    size += Body.length;
    assert.equal(Size, size);
  }
  const stale = new PutObjectCommand({ Bucket, Key, Body: 'x', WriteOffsetBytes: 3 });
  await assert.rejects(client.send(stale), sdkError('InvalidWriteOffset', 400));
  // The SDK checks the bytes against the checksum as it reads them.
  const read = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  assert.equal(await read.Body?.transformToString(), 'one\ntwo\nthree\n');
  assert.equal(read.ChecksumType, 'FULL_OBJECT');
  assert.ok(read.ChecksumCRC32);

  await client.send(new RenameObjectCommand({ Bucket, Key: 'app.log.1', RenameSource: Key }));
  await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key })), sdkError('NotFound', 404));
  const rotated = await client.send(new HeadObjectCommand({ Bucket, Key: 'app.log.1' }));
  assert.deepEqual([rotated.ContentLength, rotated.ETag], [size, read.ETag]);
});

test('the SDK sees by name what a rename is refused for, and its own token lets it repeat', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'bytes' }));
  const rename = (Key: string): RenameObjectCommand =>
    new RenameObjectCommand({ Bucket, Key, RenameSource: 'a', ClientToken: 'token' });
  await client.send(rename('b'));
  await client.send(rename('b'));
  await assert.rejects(client.send(rename('c')), sdkError('IdempotencyParameterMismatch', 400));
  const absent = new RenameObjectCommand({ Bucket, Key: 'c', RenameSource: 'a' });
  await assert.rejects(client.send(absent), sdkError('NoSuchKey', 404));
});
