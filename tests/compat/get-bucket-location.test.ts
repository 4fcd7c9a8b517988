/**
 * @module GetBucketLocation: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

test('us-east-1 is told by an empty LocationConstraint', async () => {
  for (const query of ['location', 'location=']) {
    const response = await s3.bucket('GET', bucket, { query });
    expectStatus(response, 200);
    assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
    assert.equal(text(response.text, 'LocationConstraint'), '');
  }
});

test('a bucket that is not there', async () => {
  expectError(await s3.bucket('GET', 'no-such-bucket-here', { query: 'location' }), 404, 'NoSuchBucket');
});

test('anonymous callers are refused', async () => {
  expectError(await s3.bucket('GET', bucket, { query: 'location', auth: 'anonymous' }), 403, 'AccessDenied');
});

test('another expected owner is refused', async () => {
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await s3.bucket('GET', bucket, { query: 'location', headers }), 403, 'AccessDenied');
});

test('unsupported headers and parameters are refused', async () => {
  const headers = { 'x-amz-unheard-of': '1' };
  expectError(await s3.bucket('GET', bucket, { query: 'location', headers }), 501, 'NotImplemented');
  expectError(await s3.bucket('GET', bucket, { query: 'location&unheard-of=1' }), 501, 'NotImplemented');
});
