/**
 * @module ListObjectsV2: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 *
 * Key order, prefixes and delimiters over hostile keys are left to the property tests.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { decodeListed, listedKeys, listedPrefixes } from '../support/listing.ts';
import { etagOf, type S3RequestOptions, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const KEYS = ['a', 'b/', 'b/1', 'b/2', 'b/c/3', 'b0', 'd/4', 'e f+g%', 'z'];
for (const key of KEYS) await s3.put(bucket, key, `body of ${key}`);

async function list(query: Record<string, string> = {}, options: S3RequestOptions = {}): Promise<S3Response> {
  return s3.bucket('GET', bucket, { query: { 'list-type': '2', ...query }, ...options });
}

async function listed(query: Record<string, string>): Promise<S3Response> {
  const response = await list(query);
  expectStatus(response, 200);
  return response;
}

test('lists keys in order, each with what is known of it', async () => {
  const response = await listed({});
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.match(response.text, /<ListBucketResult xmlns="http:\/\/s3.amazonaws.com\/doc\/2006-03-01\/">/);
  assert.deepEqual(listedKeys(response), KEYS);
  assert.equal(text(response.text, 'Name'), bucket);
  assert.equal(text(response.text, 'Prefix'), '');
  assert.equal(text(response.text, 'KeyCount'), '9');
  assert.equal(text(response.text, 'MaxKeys'), '1000');
  assert.equal(text(response.text, 'IsTruncated'), 'false');
  assert.equal(text(response.text, 'NextContinuationToken'), undefined);
  const first = elements(response.text, 'Contents')[0] ?? '';
  assert.equal(text(first, 'ETag'), etagOf('body of a'));
  assert.equal(text(first, 'Size'), '9');
  assert.equal(text(first, 'StorageClass'), 'STANDARD');
  assert.match(text(first, 'LastModified') ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(text(first, 'Owner'), undefined);
});

test('prefix', async () => {
  for (const [prefix, keys] of [
    ['b', ['b/', 'b/1', 'b/2', 'b/c/3', 'b0']],
    ['b/', ['b/', 'b/1', 'b/2', 'b/c/3']],
    ['e f', ['e f+g%']],
    ['zz', []],
    ['', KEYS],
  ] as const) {
    const response = await listed({ prefix });
    assert.deepEqual(listedKeys(response), keys);
    assert.equal(text(response.text, 'Prefix'), prefix);
  }
});

test('delimiter groups keys, and counts a group as one', async () => {
  const response = await listed({ delimiter: '/' });
  assert.deepEqual(listedKeys(response), ['a', 'b0', 'e f+g%', 'z']);
  assert.deepEqual(listedPrefixes(response), ['b/', 'd/']);
  assert.equal(text(response.text, 'KeyCount'), '6');
  assert.equal(text(response.text, 'Delimiter'), '/');
});

test('delimiter under a prefix: the key that equals the prefix is a key', async () => {
  const response = await listed({ prefix: 'b/', delimiter: '/' });
  assert.deepEqual(listedKeys(response), ['b/', 'b/1', 'b/2']);
  assert.deepEqual(listedPrefixes(response), ['b/c/']);
});

test('a delimiter may be of any length, and an empty one is none', async () => {
  const response = await listed({ delimiter: '/c/' });
  assert.deepEqual(listedPrefixes(response), ['b/c/']);
  assert.equal(listedKeys(response).length, KEYS.length - 1);
  assert.deepEqual(listedKeys(await listed({ delimiter: '' })), KEYS);
});

test('start-after is exclusive, need not exist, and is sent back', async () => {
  const response = await listed({ 'start-after': 'b/1' });
  assert.deepEqual(listedKeys(response), KEYS.slice(3));
  assert.equal(text(response.text, 'StartAfter'), 'b/1');
  assert.deepEqual(listedKeys(await listed({ 'start-after': 'b/15' })), KEYS.slice(3));
  assert.deepEqual(listedKeys(await listed({ 'start-after': 'zz' })), []);
});

test('start-after before a prefix or beyond it', async () => {
  assert.deepEqual(listedKeys(await listed({ prefix: 'b/', 'start-after': 'a' })), KEYS.slice(1, 5));
  assert.deepEqual(listedKeys(await listed({ prefix: 'b/', 'start-after': 'c' })), []);
});

test('pages join to the whole, keys and groups alike', async () => {
  for (const size of [1, 2, 3, 5]) {
    const seen: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      const query: Record<string, string> = { delimiter: '/', 'max-keys': String(size) };
      if (token !== undefined) query['continuation-token'] = token;
      const response = await listed(query);
      const page = [...listedKeys(response), ...listedPrefixes(response)];
      assert.equal(text(response.text, 'KeyCount'), String(page.length));
      assert.ok(page.length <= size);
      seen.push(...page);
      if (token !== undefined) assert.equal(text(response.text, 'ContinuationToken'), token);
      token = text(response.text, 'NextContinuationToken');
      assert.equal(text(response.text, 'IsTruncated'), String(token !== undefined));
      pages++;
    } while (token !== undefined && pages < 20);
    assert.deepEqual(seen.sort(), ['a', 'b/', 'b0', 'd/', 'e f+g%', 'z']);
    assert.equal(pages, Math.ceil(6 / size), `no empty last page at ${size} a page`);
  }
});

test('a continuation token outweighs start-after', async () => {
  const first = await listed({ 'max-keys': '4', 'start-after': 'a' });
  assert.deepEqual(listedKeys(first), KEYS.slice(1, 5));
  const token = text(first.text, 'NextContinuationToken') ?? '';
  const second = await listed({ 'continuation-token': token, 'start-after': 'a' });
  assert.deepEqual(listedKeys(second), KEYS.slice(5));
});

test('max-keys: 0 lists nothing, above 1,000 means 1,000', async () => {
  const none = await listed({ 'max-keys': '0' });
  assert.deepEqual(listedKeys(none), []);
  assert.equal(text(none.text, 'IsTruncated'), 'false');
  assert.equal(text(none.text, 'KeyCount'), '0');
  const many = await listed({ 'max-keys': '5000' });
  assert.equal(text(many.text, 'MaxKeys'), '1000');
  assert.deepEqual(listedKeys(many), KEYS);
});

test('encoding-type=url encodes keys, prefixes and what is sent back', async () => {
  const response = await listed({
    'encoding-type': 'url',
    prefix: 'e f+',
    delimiter: '%',
    'start-after': 'a b',
  });
  assert.equal(text(response.text, 'EncodingType'), 'url');
  assert.deepEqual(listedPrefixes(response).map(decodeListed), ['e f+g%']);
  for (const [name, value] of [
    ['Prefix', 'e f+'],
    ['Delimiter', '%'],
    ['StartAfter', 'a b'],
  ] as const) {
    const sent = text(response.text, name) ?? '';
    assert.match(sent, /^[\w.*~+%/-]+$/, name);
    assert.equal(decodeListed(sent), value);
  }
  const keys = listedKeys(await listed({ 'encoding-type': 'url' }));
  assert.deepEqual(keys.map(decodeListed), KEYS);
  assert.ok(keys.includes('b/c/3'), 'a slash stays a slash');
});

test('keys with control characters come back exactly, encoded or not', async () => {
  const own = await s3.freshBucket();
  const keys = ['\u0001', 'a\tb', 'a\nb', 'a\rb', 'x\u007f', 'y\u0085'];
  for (const key of keys) await s3.put(own, key, 'x');
  const query = { 'list-type': '2', 'encoding-type': 'url' };
  const encoded = await s3.bucket('GET', own, { query });
  assert.deepEqual(listedKeys(encoded).map(decodeListed), keys);
  const plain = await s3.bucket('GET', own, { query: { 'list-type': '2' } });
  assert.ok(!plain.text.includes('\r'), 'a parser turns a bare carriage return into a line feed');
  assert.deepEqual(listedKeys(plain), keys);
});

test('metadata=true, which MinIO clients ask for, is left out as S3 leaves it out', async () => {
  assert.equal((await listed({ metadata: 'true' })).status, 200);
});

test('fetch-owner=true names the owner of every key', async () => {
  const response = await listed({ 'fetch-owner': 'true' });
  const owners = elements(response.text, 'Owner');
  assert.equal(owners.length, KEYS.length);
  assert.ok(text(owners[0] ?? '', 'ID'));
  assert.deepEqual(elements((await listed({ 'fetch-owner': 'false' })).text, 'Owner'), []);
});

test('an empty bucket', async () => {
  const response = await s3.bucket('GET', await s3.freshBucket(), { query: { 'list-type': '2' } });
  expectStatus(response, 200);
  assert.deepEqual(listedKeys(response), []);
  assert.equal(text(response.text, 'KeyCount'), '0');
});

test('a list after a write shows it, and after a delete does not', async () => {
  const own = await s3.freshBucket();
  for (let i = 0; i < 20; i++) {
    await s3.put(own, `k${i}`, 'x');
    const after = await s3.bucket('GET', own, { query: { 'list-type': '2' } });
    assert.deepEqual(listedKeys(after), [`k${i}`]);
    await s3.object('DELETE', own, `k${i}`);
  }
});

test('parameters that make no sense are refused', async () => {
  for (const value of ['-1', 'many', '1.5', '99999999999999999999']) {
    expectError(await list({ 'max-keys': value }), 400, 'InvalidArgument');
  }
  expectError(await list({ 'encoding-type': 'base64' }), 400, 'InvalidArgument');
  for (const token of ['', 'not a token', '!!!!']) {
    expectError(await list({ 'continuation-token': token }), 400, 'InvalidArgument');
  }
  const unknown = await list({ 'list-type': '3' });
  assert.ok(
    ['InvalidArgument', 'NotImplemented'].includes(unknown.errorCode ?? ''),
    'an unknown list-type was ignored',
  );
  const notUtf8 = await s3.send('GET', `/${bucket}`, { query: 'list-type=2&prefix=%FF' });
  expectError(notUtf8, 400, 'InvalidArgument', 'InvalidURI');
});

test('what is not supported is refused, not ignored', async () => {
  expectError(await list({ 'unheard-of': '1' }), 501, 'NotImplemented');
  expectError(await list({}, { headers: { 'x-amz-unheard-of': '1' } }), 501, 'NotImplemented');
});

test('a bucket that is not there, and callers who may not', async () => {
  const query = { 'list-type': '2' };
  expectError(await s3.bucket('GET', 'no-such-bucket-here', { query }), 404, 'NoSuchBucket');
  expectError(await s3.bucket('GET', 'Not_A_Bucket', { query }), 400, 'InvalidBucketName');
  expectError(await list({}, { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await list({}, { headers }), 403, 'AccessDenied');
});
