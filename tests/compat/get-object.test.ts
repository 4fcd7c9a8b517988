/**
 * @module GetObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { etagOf } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const small = Buffer.from('0123456789');
const large = randomBytes(300_000);
await s3.put(bucket, 'small', small, { 'content-type': 'text/plain', 'x-amz-meta-a': 'b' });
await s3.put(bucket, 'large', large);
await s3.put(bucket, 'empty', '');

const etag = etagOf(small);
const lastModified = (await s3.object('HEAD', bucket, 'small')).headers['last-modified'] ?? '';
const shifted = (seconds: number): string =>
  new Date(Date.parse(lastModified) + seconds * 1000).toUTCString();

test('answers with the bytes and what is known of them', async () => {
  const response = await s3.object('GET', bucket, 'small');
  expectStatus(response, 200);
  assert.ok(response.body.equals(small));
  assert.equal(response.headers['content-length'], '10');
  assert.equal(response.headers['content-type'], 'text/plain');
  assert.equal(response.headers['etag'], etag);
  assert.equal(response.headers['accept-ranges'], 'bytes');
  assert.equal(response.headers['x-amz-meta-a'], 'b');
  assert.equal(
    new Date(response.headers['last-modified'] ?? '').toUTCString(),
    response.headers['last-modified'],
  );
  assert.ok(Math.abs(Date.parse(response.headers['last-modified'] ?? '') - Date.now()) < 3_600_000);
  assert.ok(response.headers['x-amz-request-id']);
});

test('an empty object has no bytes', async () => {
  const response = await s3.object('GET', bucket, 'empty');
  expectStatus(response, 200);
  assert.deepEqual([response.body.length, response.headers['content-length']], [0, '0']);
});

for (const [range, start, end] of [
  ['bytes=0-0', 0, 0],
  ['bytes=0-9', 0, 9],
  ['bytes=2-5', 2, 5],
  ['bytes=9-', 9, 9],
  ['bytes=3-', 3, 9],
  ['bytes=4-1000', 4, 9],
  ['bytes=-3', 7, 9],
  ['bytes=-10', 0, 9],
  ['bytes=-1000', 0, 9],
  ['bytes=0-99999999999999999999', 0, 9],
] as const) {
  test(`Range: ${range} answers 206 with ${start} to ${end}`, async () => {
    const response = await s3.object('GET', bucket, 'small', { headers: { range } });
    expectStatus(response, 206);
    assert.equal(response.text, small.toString().slice(start, end + 1));
    assert.equal(response.headers['content-range'], `bytes ${start}-${end}/10`);
    assert.equal(response.headers['content-length'], String(end - start + 1));
    assert.equal(response.headers['etag'], etag);
  });
}

for (const range of ['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99999999999999999999-']) {
  test(`Range: ${range} of ten bytes is not satisfiable`, async () => {
    const response = await s3.object('GET', bucket, 'small', { headers: { range } });
    expectError(response, 416, 'InvalidRange');
    assert.equal(text(response.text, 'ActualObjectSize'), '10');
  });
}

test('no range of an empty object is satisfiable', async () => {
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
    expectError(await s3.object('GET', bucket, 'empty', { headers: { range } }), 416, 'InvalidRange');
  }
});

for (const range of [
  'bytes=5-2',
  'bytes=a-b',
  'bytes=',
  'bytes',
  'bytes=0-1,3-4',
  'items=0-1',
  'bytes=--1',
  '0-1',
]) {
  test(`Range: ${range} is not one that S3 knows, and the object comes whole`, async () => {
    const response = await s3.object('GET', bucket, 'small', { headers: { range } });
    expectStatus(response, 200);
    assert.ok(response.body.equals(small));
    assert.equal(response.headers['content-range'], undefined);
  });
}

test('ranges of a large object', async () => {
  for (const [start, end] of [
    [0, 65_535],
    [65_535, 65_537],
    [299_999, 299_999],
    [100_000, 299_999],
  ] as const) {
    const response = await s3.object('GET', bucket, 'large', { headers: { range: `bytes=${start}-${end}` } });
    expectStatus(response, 206);
    assert.ok(response.body.equals(large.subarray(start, end + 1)));
  }
});

test('If-Match', async () => {
  const get = (value: string) => s3.object('GET', bucket, 'small', { headers: { 'if-match': value } });
  for (const value of [etag, etag.slice(1, -1), '*', `"other", ${etag}`]) expectStatus(await get(value), 200);
  expectError(await get('"00000000000000000000000000000000"'), 412, 'PreconditionFailed');
});

test('If-None-Match', async () => {
  const get = (value: string) => s3.object('GET', bucket, 'small', { headers: { 'if-none-match': value } });
  for (const value of [etag, etag.slice(1, -1), '*', `"other", ${etag}`, `W/${etag}`]) {
    const response = await get(value);
    expectStatus(response, 304);
    assert.equal(response.body.length, 0);
    assert.equal(response.headers['etag'], etag);
    assert.equal(response.headers['last-modified'], lastModified);
  }
  expectStatus(await get('"00000000000000000000000000000000"'), 200);
});

test('304 says for how long a cached copy is good, as the object or the request has it', async () => {
  const stored = { 'cache-control': 'max-age=60', expires: 'Thu, 01 Dec 2033 16:00:00 GMT' };
  await s3.put(bucket, 'cached', small, stored);
  for (const method of ['GET', 'HEAD']) {
    const headers = { 'if-none-match': etag };
    const plain = await s3.object(method, bucket, 'cached', { headers });
    assert.equal(plain.status, 304);
    assert.equal(plain.headers['cache-control'], stored['cache-control']);
    assert.equal(plain.headers['expires'], stored.expires);
    assert.equal(plain.headers['content-type'], undefined);
    const query = { 'response-cache-control': 'no-cache' };
    const other = await s3.object(method, bucket, 'cached', { headers, query });
    assert.deepEqual([other.status, other.headers['cache-control']], [304, 'no-cache']);
  }
});

test('If-Modified-Since counts whole seconds, and is not heeded in the future', async () => {
  const get = (value: string) =>
    s3.object('GET', bucket, 'small', { headers: { 'if-modified-since': value } });
  expectStatus(await get(lastModified), 304);
  expectStatus(await get(shifted(-1)), 200);
  expectStatus(await get('not a date'), 200);
  expectStatus(await get(shifted(86_400)), 200);
});

test('If-Unmodified-Since counts whole seconds', async () => {
  const get = (value: string) =>
    s3.object('GET', bucket, 'small', { headers: { 'if-unmodified-since': value } });
  expectStatus(await get(lastModified), 200);
  expectStatus(await get(shifted(1)), 200);
  expectError(await get(shifted(-1)), 412, 'PreconditionFailed');
  expectStatus(await get('not a date'), 200);
});

test('conditions together have S3’s precedence', async () => {
  const get = (headers: Record<string, string>) => s3.object('GET', bucket, 'small', { headers });
  // If-Match true outweighs If-Unmodified-Since false.
  expectStatus(await get({ 'if-match': etag, 'if-unmodified-since': shifted(-10) }), 200);
  // If-None-Match false outweighs If-Modified-Since true.
  expectStatus(await get({ 'if-none-match': etag, 'if-modified-since': shifted(-10) }), 304);
  // If-None-Match true outweighs If-Modified-Since false.
  expectStatus(await get({ 'if-none-match': '"other"', 'if-modified-since': lastModified }), 200);
  expectError(await get({ 'if-match': '"other"', 'if-none-match': etag }), 412, 'PreconditionFailed');
});

test('conditions are decided before the range', async () => {
  const headers = { range: 'bytes=100-', 'if-match': '"other"' };
  expectError(await s3.object('GET', bucket, 'small', { headers }), 412, 'PreconditionFailed');
  const notModified = { range: 'bytes=0-1', 'if-none-match': etag };
  expectStatus(await s3.object('GET', bucket, 'small', { headers: notModified }), 304);
  const both = await s3.object('GET', bucket, 'small', { headers: { range: 'bytes=0-1', 'if-match': etag } });
  assert.deepEqual([both.status, both.text], [206, '01']);
});

const overrides = {
  'response-content-type': ['content-type', 'application/x-other'],
  'response-content-language': ['content-language', 'fr'],
  'response-expires': ['expires', 'Thu, 01 Dec 2033 16:00:00 GMT'],
  'response-cache-control': ['cache-control', 'no-cache'],
  'response-content-disposition': ['content-disposition', 'attachment; filename="a.txt"'],
  'response-content-encoding': ['content-encoding', 'br'],
} as const;

test('response-* parameters override headers, signed by header or presigned', async () => {
  const query = Object.fromEntries(Object.entries(overrides).map(([name, [, value]]) => [name, value]));
  for (const auth of ['header', 'presigned'] as const) {
    const response = await s3.object('GET', bucket, 'small', { query, auth });
    expectStatus(response, 200);
    for (const [header, value] of Object.values(overrides)) assert.equal(response.headers[header], value);
  }
  assert.equal((await s3.object('GET', bucket, 'small')).headers['content-type'], 'text/plain');
});

test('an override cannot break out of its header', async () => {
  const query = { 'response-content-type': 'a\r\nx-injected: 1' };
  const response = await s3.object('GET', bucket, 'small', { query });
  assert.equal(response.headers['x-injected'], undefined);
  expectError(response, 400, 'InvalidArgument', 'InvalidRequest');
});

test('versionId=null names the only version of an unversioned bucket', async () => {
  const response = await s3.object('GET', bucket, 'small', { query: { versionId: 'null' } });
  expectStatus(response, 200);
  assert.ok(response.body.equals(small));
  const other = await s3.object('GET', bucket, 'small', {
    query: { versionId: 'QUpfdndhfd8438MNFDN93jdnJFkdmqnh' },
  });
  assert.ok(['NoSuchVersion', 'InvalidArgument'].includes(other.errorCode ?? ''), other.text);
});

test('what is not there', async () => {
  const missing = await s3.object('GET', bucket, 'missing/key &');
  expectError(missing, 404, 'NoSuchKey');
  assert.equal(text(missing.text, 'Key'), 'missing/key &');
  expectError(await s3.object('GET', 'no-such-bucket-here', 'small'), 404, 'NoSuchBucket');
  expectError(await s3.object('GET', 'Not_A_Bucket', 'small'), 400, 'InvalidBucketName');
  expectError(await s3.object('GET', bucket, 'small/'), 404, 'NoSuchKey');
  expectError(await s3.object('GET', bucket, 'Small'), 404, 'NoSuchKey');
});

test('a condition on what is not there is 404 first', async () => {
  expectError(await s3.object('GET', bucket, 'missing', { headers: { 'if-match': etag } }), 404, 'NoSuchKey');
  expectError(
    await s3.object('GET', bucket, 'missing', { headers: { 'if-none-match': '*' } }),
    404,
    'NoSuchKey',
  );
});

test('anonymous callers and other expected owners are refused', async () => {
  expectError(await s3.object('GET', bucket, 'small', { auth: 'anonymous' }), 403, 'AccessDenied');
  expectError(await s3.object('GET', bucket, 'missing', { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await s3.object('GET', bucket, 'small', { headers }), 403, 'AccessDenied');
});

test('what is not supported is refused, not ignored', async () => {
  const headers: Record<string, string>[] = [
    { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    { 'x-amz-unheard-of': '1' },
    { 'x-cistern-unheard-of': '1' },
  ];
  for (const one of headers) {
    expectError(await s3.object('GET', bucket, 'small', { headers: one }), 501, 'NotImplemented');
  }
  expectError(
    await s3.object('GET', bucket, 'small', { query: { 'unheard-of': '1' } }),
    501,
    'NotImplemented',
  );
});

test('x-id, which SDKs add, means nothing', async () => {
  expectStatus(await s3.object('GET', bucket, 'small', { query: { 'x-id': 'GetObject' } }), 200);
});

test('a reader sees the old object or the new one, whole, while it is overwritten', async () => {
  const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(150_000, i + 65));
  await s3.put(bucket, 'moving', bodies[0] as Buffer);
  const writes = (async () => {
    for (const body of bodies) await s3.put(bucket, 'moving', body);
  })();
  const reads = Array.from({ length: 4 }, async () => {
    for (let i = 0; i < 20; i++) {
      const response = await s3.object('GET', bucket, 'moving');
      assert.equal(response.headers['etag'], etagOf(response.body));
      assert.ok(bodies.some((body) => body.equals(response.body)));
    }
  });
  await Promise.all([writes, ...reads]);
});
