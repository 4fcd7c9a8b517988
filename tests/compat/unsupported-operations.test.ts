/**
 * @module Every operation of the S3 API that is not served yet says so, in S3's XML, and changes nothing.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');

/** Method, sub-resource: on the bucket. */
const BUCKET_OPERATIONS: readonly (readonly [string, string])[] = [
  ...['GET', 'PUT'].map((method) => [method, 'acl'] as const),
  ...['GET', 'PUT'].map((method) => [method, 'accelerate'] as const),
  ...['GET', 'PUT'].map((method) => [method, 'logging'] as const),
  ...['GET', 'PUT'].map((method) => [method, 'notification'] as const),
  ...['GET', 'PUT'].map((method) => [method, 'object-lock'] as const),
  ...['GET', 'PUT'].map((method) => [method, 'requestPayment'] as const),
  ...['GET', 'PUT', 'DELETE'].flatMap((method) =>
    [
      'analytics&id=1',
      'cors',
      'encryption',
      'intelligent-tiering&id=1',
      'inventory&id=1',
      'lifecycle',
      'metrics&id=1',
      'ownershipControls',
      'policy',
      'publicAccessBlock',
      'replication',
      'website',
    ].map((name) => [method, name] as const),
  ),
  ['GET', 'analytics'],
  ['GET', 'inventory'],
  ['GET', 'metrics'],
  ['GET', 'intelligent-tiering'],
  ['GET', 'policyStatus'],
  ['GET', 'session'],
  ['GET', 'metadataTable'],
  ['POST', 'metadataTable'],
  ['DELETE', 'metadataTable'],
];

const OBJECT_OPERATIONS: readonly (readonly [string, string])[] = [
  ['GET', 'acl'],
  ['PUT', 'acl'],
  ['GET', 'legal-hold'],
  ['PUT', 'legal-hold'],
  ['GET', 'retention'],
  ['PUT', 'retention'],
  ['GET', 'torrent'],
  ['POST', 'select&select-type=2'],
];

for (const [method, query] of BUCKET_OPERATIONS) {
  test(`${method} /bucket?${query} is 501`, async () => {
    await leavesUnchanged(s3, bucket, async () => {
      expectError(await s3.bucket(method, bucket, { query }), 501, 'NotImplemented');
    });
  });
}

for (const [method, query] of OBJECT_OPERATIONS) {
  test(`${method} /bucket/key?${query} is 501`, async () => {
    await leavesUnchanged(s3, bucket, async () => {
      expectError(await s3.object(method, bucket, 'key', { query }), 501, 'NotImplemented');
    });
  });
}

test('the body of an unsupported operation is not taken for an object', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const body = '<LegalHold><Status>ON</Status></LegalHold>';
    expectError(await s3.object('PUT', bucket, 'key', { query: 'legal-hold', body }), 501, 'NotImplemented');
    expectError(await s3.bucket('PUT', bucket, { query: 'policy', body: '{}' }), 501, 'NotImplemented');
  });
});

test('a form upload is 501', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const body = '--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nposted\r\n--x--\r\n';
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await s3.bucket('POST', bucket, { headers, body }), 501, 'NotImplemented');
  });
});

test('anonymous callers get no further than anyone', async () => {
  const response = await s3.bucket('GET', bucket, { query: 'acl', auth: 'anonymous' });
  assert.ok(['AccessDenied', 'NotImplemented'].includes(response.errorCode ?? ''), response.text);
});

test('unknown sub-resources and parameters are refused on every operation', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      for (const query of [
        'nonsense',
        'nonsense=1',
        'x-amz-nonsense=1',
        'Location',
        'x-cistern-nonsense=1',
      ]) {
        expectError(await s3.bucket(method, bucket, { query }), 501, 'NotImplemented');
        expectError(await s3.object(method, bucket, 'key', { query }), 501, 'NotImplemented');
      }
    }
  });
});

test('parameters that begin with x- and are not S3’s are the client’s own', async () => {
  expectStatus(await s3.object('GET', bucket, 'key', { query: 'x-id=GetObject&x-trace=1' }), 200);
});

test('parameters of one operation are not those of another', async () => {
  expectError(await s3.object('GET', bucket, 'key', { query: 'prefix=a' }), 501, 'NotImplemented');
  expectError(await s3.bucket('GET', bucket, { query: 'response-content-type=a' }), 501, 'NotImplemented');
});

test('methods that S3 does not know are not allowed', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    for (const method of ['PATCH', 'PROPFIND', 'TRACE']) {
      const response = await s3.object(method, bucket, 'key');
      expectError(response, 405, 'MethodNotAllowed');
    }
    expectError(await s3.object('POST', bucket, 'key'), 405, 'MethodNotAllowed');
  });
});
