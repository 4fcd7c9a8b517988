/**
 * @module DeleteBucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectBareError, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();

test('deletes an empty bucket', async () => {
  const bucket = await s3.freshBucket();
  const response = await s3.bucket('DELETE', bucket);
  expectStatus(response, 204);
  assert.equal(response.body.length, 0);
  expectBareError(await s3.bucket('HEAD', bucket), 404);
  expectError(await s3.bucket('DELETE', bucket), 404, 'NoSuchBucket');
});

test('a bucket with an object stays, and its object too', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'key', 'value');
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await s3.bucket('DELETE', bucket), 409, 'BucketNotEmpty');
  });
  expectStatus(await s3.object('DELETE', bucket, 'key'), 204);
  expectStatus(await s3.bucket('DELETE', bucket), 204);
});

test('a bucket created again under the same name is empty', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'old', 'value');
  await s3.object('DELETE', bucket, 'old');
  await s3.bucket('DELETE', bucket);
  expectStatus(await s3.bucket('PUT', bucket), 200);
  expectError(await s3.object('GET', bucket, 'old'), 404, 'NoSuchKey');
});

test('of a delete and puts at the same time, no acknowledged object is lost with its bucket', async () => {
  for (let round = 0; round < 10; round++) {
    const bucket = await s3.freshBucket();
    const [deleted, ...puts] = await Promise.all([
      s3.bucket('DELETE', bucket),
      ...Array.from({ length: 4 }, (_, i) => s3.object('PUT', bucket, `k${i}`, { body: 'v' })),
    ]);
    for (const [i, put] of puts.entries()) {
      if (put.status === 200) {
        assert.notEqual(deleted.status, 204, 'the bucket was deleted with an object in it');
        expectStatus(await s3.object('GET', bucket, `k${i}`), 200);
      } else expectError(put, 404, 'NoSuchBucket');
    }
  }
});

test('refused requests delete nothing', async () => {
  const bucket = await s3.freshBucket();
  expectError(await s3.bucket('DELETE', bucket, { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await s3.bucket('DELETE', bucket, { headers }), 403, 'AccessDenied');
  expectError(
    await s3.bucket('DELETE', bucket, { headers: { 'x-amz-unheard-of': '1' } }),
    501,
    'NotImplemented',
  );
  expectError(await s3.bucket('DELETE', bucket, { query: { unknown: '' } }), 501, 'NotImplemented');
  expectStatus(await s3.bucket('HEAD', bucket), 200);
});

test('names that no bucket can have', async () => {
  expectError(await s3.bucket('DELETE', 'no-such-bucket-here'), 404, 'NoSuchBucket');
  expectError(await s3.bucket('DELETE', 'Not_A_Bucket'), 400, 'InvalidBucketName');
});
