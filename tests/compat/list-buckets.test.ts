/**
 * @module ListBuckets: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();

for (const name of ['lb-b', 'lb-a', 'lb-c.d', 'lb-c', 'other-bucket']) await s3.bucket('PUT', name);

function names(xml: string): string[] {
  return elements(xml, 'Bucket').map((bucket) => text(bucket, 'Name') ?? '');
}

test('lists the caller’s buckets in order, each with its creation date', async () => {
  const response = await s3.send('GET', '/');
  expectStatus(response, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  const own = names(response.text).filter((name) => name.startsWith('lb-') || name === 'other-bucket');
  assert.deepEqual(own, ['lb-a', 'lb-b', 'lb-c', 'lb-c.d', 'other-bucket']);
  for (const date of texts(response.text, 'CreationDate')) {
    assert.match(date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(date) - Date.now()) < 3_600_000);
  }
  assert.ok(text(elements(response.text, 'Owner')[0] ?? '', 'ID'));
});

test('prefix limits the list and is sent back', async () => {
  const response = await s3.send('GET', '/', { query: { prefix: 'lb-' } });
  expectStatus(response, 200);
  assert.deepEqual(names(response.text), ['lb-a', 'lb-b', 'lb-c', 'lb-c.d']);
  assert.equal(text(response.text, 'Prefix'), 'lb-');
  assert.deepEqual(names((await s3.send('GET', '/', { query: { prefix: 'no-such' } })).text), []);
});

test('max-buckets and continuation-token walk the list without loss or repetition', async () => {
  const seen: string[][] = [];
  let token: string | undefined;
  do {
    const query: Record<string, string> = { prefix: 'lb-', 'max-buckets': '3' };
    if (token !== undefined) query['continuation-token'] = token;
    const response = await s3.send('GET', '/', { query });
    expectStatus(response, 200);
    seen.push(names(response.text));
    token = text(response.text, 'ContinuationToken');
  } while (token !== undefined && seen.length < 10);
  assert.deepEqual(seen, [['lb-a', 'lb-b', 'lb-c'], ['lb-c.d']]);
});

test('a page that ends with the last bucket carries no token', async () => {
  const response = await s3.send('GET', '/', { query: { prefix: 'lb-', 'max-buckets': '4' } });
  assert.equal(names(response.text).length, 4);
  assert.equal(text(response.text, 'ContinuationToken'), undefined);
});

test('bucket-region keeps only the buckets of that region', async () => {
  const here = await s3.send('GET', '/', { query: { prefix: 'lb-', 'bucket-region': s3.region } });
  assert.equal(names(here.text).length, 4);
  const elsewhere = await s3.send('GET', '/', { query: { prefix: 'lb-', 'bucket-region': 'eu-west-1' } });
  assert.deepEqual([elsewhere.status, names(elsewhere.text)], [200, []]);
});

test('max-buckets outside 1 to 10,000 is refused', async () => {
  for (const value of ['0', '-1', '10001', 'many']) {
    expectError(await s3.send('GET', '/', { query: { 'max-buckets': value } }), 400, 'InvalidArgument');
  }
});

test('a token that the server did not make is refused', async () => {
  const response = await s3.send('GET', '/', { query: { 'continuation-token': 'not a token' } });
  expectError(response, 400, 'InvalidArgument');
});

test('anonymous callers are refused', async () => {
  expectError(await s3.send('GET', '/', { auth: 'anonymous' }), 403, 'AccessDenied');
});

test('other methods on the service are not allowed', async () => {
  for (const method of ['PUT', 'POST', 'DELETE']) {
    expectError(await s3.send(method, '/'), 405, 'MethodNotAllowed');
  }
});
