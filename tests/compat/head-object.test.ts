/**
 * @module HeadObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectBareError, expectStatus } from '../support/expect.ts';
import { etagOf } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const body = Buffer.from('0123456789');
await s3.put(bucket, 'key', body, {
  'content-type': 'text/plain',
  'cache-control': 'no-cache',
  'x-amz-meta-a': 'b',
  'x-amz-tagging': 'a=1&b=2',
});
const etag = etagOf(body);

const VOLATILE = new Set(['date', 'x-amz-request-id', 'x-amz-id-2', 'connection', 'keep-alive']);

function stable(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !VOLATILE.has(name)));
}

test('answers with exactly the headers of GET, and no body', async () => {
  const head = await s3.object('HEAD', bucket, 'key');
  expectStatus(head, 200);
  assert.equal(head.body.length, 0);
  assert.equal(head.headers['content-length'], '10');
  const get = await s3.object('GET', bucket, 'key');
  assert.deepEqual(stable(head.headers), stable(get.headers));
});

test('a range answers 206 with the headers of the range', async () => {
  const response = await s3.object('HEAD', bucket, 'key', { headers: { range: 'bytes=2-5' } });
  expectStatus(response, 206);
  assert.equal(response.headers['content-range'], 'bytes 2-5/10');
  assert.equal(response.headers['content-length'], '4');
  expectBareError(await s3.object('HEAD', bucket, 'key', { headers: { range: 'bytes=10-' } }), 416);
});

test('conditions answer 304 and 412 without a body', async () => {
  const lastModified = (await s3.object('HEAD', bucket, 'key')).headers['last-modified'] ?? '';
  const head = (headers: Record<string, string>) => s3.object('HEAD', bucket, 'key', { headers });
  const earlier = new Date(Date.parse(lastModified) - 1000).toUTCString();
  assert.equal((await head({ 'if-none-match': etag })).status, 304);
  assert.equal((await head({ 'if-modified-since': lastModified })).status, 304);
  assert.equal((await head({ 'if-modified-since': earlier })).status, 200);
  assert.equal((await head({ 'if-match': etag })).status, 200);
  assert.equal((await head({ 'if-unmodified-since': lastModified })).status, 200);
  assert.equal((await head({ 'if-match': etag, 'if-unmodified-since': earlier })).status, 200);
  assert.equal((await head({ 'if-none-match': etag, 'if-modified-since': earlier })).status, 304);
  expectBareError(await head({ 'if-match': '"other"' }), 412);
  expectBareError(await head({ 'if-unmodified-since': earlier }), 412);
});

test('response-* parameters override headers', async () => {
  const response = await s3.object('HEAD', bucket, 'key', { query: { 'response-content-type': 'a/b' } });
  expectStatus(response, 200);
  assert.equal(response.headers['content-type'], 'a/b');
});

test('a presigned HEAD works, and a URL presigned for GET does not serve it', async () => {
  expectStatus(await s3.object('HEAD', bucket, 'key', { auth: 'presigned' }), 200);
  const forGet = s3.prepare('GET', `/${bucket}/key`, { auth: 'presigned' });
  expectBareError(await s3.send('HEAD', forGet.target, { auth: 'anonymous' }), 403);
});

test('versionId=null names the only version', async () => {
  expectStatus(await s3.object('HEAD', bucket, 'key', { query: { versionId: 'null' } }), 200);
});

test('errors have their status and no body', async () => {
  expectBareError(await s3.object('HEAD', bucket, 'missing'), 404);
  expectBareError(await s3.object('HEAD', 'no-such-bucket-here', 'key'), 404);
  expectBareError(await s3.object('HEAD', 'Not_A_Bucket', 'key'), 400);
  expectBareError(await s3.object('HEAD', bucket, 'key', { auth: 'anonymous' }), 403);
  expectBareError(await s3.object('HEAD', bucket, 'key', { query: { 'unheard-of': '1' } }), 501);
  expectBareError(await s3.object('HEAD', bucket, 'key', { headers: { 'x-amz-unheard-of': '1' } }), 501);
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectBareError(await s3.object('HEAD', bucket, 'key', { headers }), 403);
});
