/**
 * @module DeleteObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { contents, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import type { S3RequestOptions } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

async function refuses(options: S3RequestOptions, status: number, ...codes: string[]): Promise<void> {
  await s3.put(bucket, 'guarded', 'value');
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await s3.object('DELETE', bucket, 'guarded', options), status, ...codes);
  });
}

test('deletes an object, small or large, and only that one', async () => {
  const own = await s3.freshBucket();
  for (const [key, size] of [
    ['a', 1],
    ['a/', 10],
    ['a/b', 500_000],
    ['b', 0],
  ] as const) {
    await s3.put(own, key, randomBytes(size));
  }
  for (const key of ['a/', 'a/b', 'a']) {
    const response = await s3.object('DELETE', own, key);
    expectStatus(response, 204);
    assert.equal(response.body.length, 0);
    expectError(await s3.object('GET', own, key), 404, 'NoSuchKey');
  }
  assert.deepEqual(
    (await contents(s3, own)).map((line) => line.split(' ')[0]),
    ['b'],
  );
});

test('deleting what is not there succeeds', async () => {
  expectStatus(await s3.object('DELETE', bucket, 'never-was'), 204);
});

test('two objects with the same bytes are two objects', async () => {
  const body = randomBytes(400_000);
  await s3.put(bucket, 'twin-1', body);
  await s3.put(bucket, 'twin-2', body);
  expectStatus(await s3.object('DELETE', bucket, 'twin-1'), 204);
  assert.ok((await s3.object('GET', bucket, 'twin-2')).body.equals(body));
});

test('bytes deleted and written again are whole', async () => {
  const body = randomBytes(400_000);
  for (let round = 0; round < 5; round++) {
    await s3.put(bucket, 'phoenix', body);
    assert.ok((await s3.object('GET', bucket, 'phoenix')).body.equals(body));
    expectStatus(await s3.object('DELETE', bucket, 'phoenix'), 204);
  }
});

test('versionId=null names the only version', async () => {
  await s3.put(bucket, 'versioned', 'x');
  expectStatus(await s3.object('DELETE', bucket, 'versioned', { query: { versionId: 'null' } }), 204);
  expectError(await s3.object('GET', bucket, 'versioned'), 404, 'NoSuchKey');
});

test('a version that does not exist deletes nothing', async () => {
  await s3.put(bucket, 'guarded', 'value');
  await leavesUnchanged(s3, bucket, async () => {
    const query = { versionId: 'QUpfdndhfd8438MNFDN93jdnJFkdmqnh' };
    const response = await s3.object('DELETE', bucket, 'guarded', { query });
    assert.ok(['NoSuchVersion', 'InvalidArgument'].includes(response.errorCode ?? ''), response.text);
  });
});

test('a bucket that is not there', async () => {
  expectError(await s3.object('DELETE', 'no-such-bucket-here', 'k'), 404, 'NoSuchBucket');
  expectError(await s3.object('DELETE', 'Not_A_Bucket', 'k'), 400, 'InvalidBucketName');
});

test('refused requests delete nothing', async () => {
  await refuses({ auth: 'anonymous' }, 403, 'AccessDenied');
  await refuses({ headers: { 'x-amz-expected-bucket-owner': '000000000000' } }, 403, 'AccessDenied');
  await refuses({ headers: { 'x-amz-mfa': 'serial 123456' } }, 501, 'NotImplemented');
  await refuses({ headers: { 'x-amz-bypass-governance-retention': 'true' } }, 501, 'NotImplemented');
  await refuses({ headers: { 'x-amz-unheard-of': '1' } }, 501, 'NotImplemented');
  await refuses({ query: { 'unheard-of': '1' } }, 501, 'NotImplemented');
});

test('a reader that has begun gets the whole object, though it is deleted meanwhile', async () => {
  const body = randomBytes(8 << 20);
  await s3.put(bucket, 'slow-read', body, {});
  const reads = Array.from({ length: 4 }, () => s3.object('GET', bucket, 'slow-read'));
  const deleted = s3.object('DELETE', bucket, 'slow-read');
  for (const response of await Promise.all(reads)) {
    if (response.status === 200) assert.ok(response.body.equals(body));
    else expectError(response, 404, 'NoSuchKey');
  }
  expectStatus(await deleted, 204);
});
