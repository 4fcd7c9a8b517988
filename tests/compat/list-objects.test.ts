/**
 * @module ListObjects, the first version: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { decodeListed, listedKeys, listedPrefixes } from '../support/listing.ts';
import type { S3RequestOptions, S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const KEYS = ['a', 'b/', 'b/1', 'b/2', 'b/c/3', 'b0', 'd/4', 'e f+g%', 'z'];
for (const key of KEYS) await s3.put(bucket, key, `body of ${key}`);

function list(query: Record<string, string> = {}, options: S3RequestOptions = {}): Promise<S3Response> {
  return s3.bucket('GET', bucket, { query, ...options });
}

async function listed(query: Record<string, string>): Promise<S3Response> {
  const response = await list(query);
  expectStatus(response, 200);
  return response;
}

test('lists keys in order, with their owner', async () => {
  const response = await listed({});
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.deepEqual(listedKeys(response), KEYS);
  assert.equal(text(response.text, 'Name'), bucket);
  assert.equal(text(response.text, 'Marker'), '');
  assert.equal(text(response.text, 'MaxKeys'), '1000');
  assert.equal(text(response.text, 'IsTruncated'), 'false');
  assert.equal(text(response.text, 'KeyCount'), undefined);
  assert.equal(elements(response.text, 'Owner').length, KEYS.length);
});

test('prefix and delimiter', async () => {
  const response = await listed({ prefix: 'b', delimiter: '/' });
  assert.deepEqual(listedKeys(response), ['b0']);
  assert.deepEqual(listedPrefixes(response), ['b/']);
  assert.equal(text(response.text, 'Delimiter'), '/');
});

test('marker is exclusive and is sent back', async () => {
  const response = await listed({ marker: 'b/2' });
  assert.deepEqual(listedKeys(response), KEYS.slice(4));
  assert.equal(text(response.text, 'Marker'), 'b/2');
});

test('a marker that is a group continues after the whole group', async () => {
  const response = await listed({ marker: 'b/', delimiter: '/' });
  assert.deepEqual(listedKeys(response), ['b0', 'e f+g%', 'z']);
  assert.deepEqual(listedPrefixes(response), ['d/']);
});

test('NextMarker comes only with a delimiter; without one the last key is the next marker', async () => {
  const plain = await listed({ 'max-keys': '2' });
  assert.deepEqual(listedKeys(plain), ['a', 'b/']);
  assert.equal(text(plain.text, 'IsTruncated'), 'true');
  assert.equal(text(plain.text, 'NextMarker'), undefined);
  const grouped = await listed({ 'max-keys': '2', delimiter: '/' });
  assert.equal(text(grouped.text, 'IsTruncated'), 'true');
  assert.equal(text(grouped.text, 'NextMarker'), 'b/');
});

test('pages join to the whole', async () => {
  for (const size of [1, 2, 4]) {
    const seen: string[] = [];
    let marker = '';
    for (let pages = 0; pages < 20; pages++) {
      const response = await listed({ delimiter: '/', 'max-keys': String(size), marker });
      seen.push(...listedKeys(response), ...listedPrefixes(response));
      if (text(response.text, 'IsTruncated') === 'false') break;
      marker = text(response.text, 'NextMarker') ?? '';
    }
    assert.deepEqual(seen.sort(), ['a', 'b/', 'b0', 'd/', 'e f+g%', 'z']);
  }
});

test('max-keys: 0 lists nothing, above 1,000 means 1,000', async () => {
  const none = await listed({ 'max-keys': '0' });
  assert.deepEqual([listedKeys(none), text(none.text, 'IsTruncated')], [[], 'false']);
  assert.equal(text((await listed({ 'max-keys': '1001' })).text, 'MaxKeys'), '1000');
});

test('encoding-type=url encodes keys and markers', async () => {
  const response = await listed({ 'encoding-type': 'url', marker: 'e ', 'max-keys': '1', delimiter: '%' });
  assert.equal(text(response.text, 'EncodingType'), 'url');
  assert.deepEqual(listedPrefixes(response).map(decodeListed), ['e f+g%']);
  assert.equal(decodeListed(text(response.text, 'Marker') ?? ''), 'e ');
  assert.equal(decodeListed(text(response.text, 'NextMarker') ?? ''), 'e f+g%');
});

test('a path with a trailing slash lists the same bucket', async () => {
  assert.deepEqual(listedKeys(await s3.send('GET', `/${bucket}/`)), KEYS);
});

test('parameters that make no sense are refused', async () => {
  for (const value of ['-1', 'many', '1.5'])
    expectError(await list({ 'max-keys': value }), 400, 'InvalidArgument');
  expectError(await list({ 'encoding-type': 'base64' }), 400, 'InvalidArgument');
});

test('what is not supported is refused, not ignored', async () => {
  expectError(await list({ 'unheard-of': '1' }), 501, 'NotImplemented');
  expectError(await list({}, { headers: { 'x-amz-unheard-of': '1' } }), 501, 'NotImplemented');
});

test('a bucket that is not there, and callers who may not', async () => {
  expectError(await s3.bucket('GET', 'no-such-bucket-here'), 404, 'NoSuchBucket');
  expectError(await s3.bucket('GET', 'Not_A_Bucket'), 400, 'InvalidBucketName');
  expectError(await list({}, { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await list({}, { headers }), 403, 'AccessDenied');
});
