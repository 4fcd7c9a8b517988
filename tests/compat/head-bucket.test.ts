/**
 * @module HeadBucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectBareError, expectStatus } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

test('an existing bucket answers 200 with its region and no body', async () => {
  for (const path of [`/${bucket}`, `/${bucket}/`]) {
    const response = await s3.send('HEAD', path);
    expectStatus(response, 200);
    assert.equal(response.body.length, 0);
    assert.equal(response.headers['x-amz-bucket-region'], s3.region);
  }
});

test('a bucket that is not there answers 404', async () => {
  expectBareError(await s3.bucket('HEAD', 'no-such-bucket-here'), 404);
});

test('a name that no bucket can have answers 400', async () => {
  expectBareError(await s3.bucket('HEAD', 'Not_A_Bucket'), 400);
});

test('anonymous callers get 403', async () => {
  expectBareError(await s3.bucket('HEAD', bucket, { auth: 'anonymous' }), 403);
});

test('another expected owner gets 403', async () => {
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectBareError(await s3.bucket('HEAD', bucket, { headers }), 403);
});

test('an unsupported header is refused', async () => {
  expectBareError(await s3.bucket('HEAD', bucket, { headers: { 'x-amz-unheard-of': '1' } }), 501);
});
