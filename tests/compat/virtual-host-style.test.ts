/**
 * @module Buckets addressed by the Host header: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { listedKeys } from '../support/listing.ts';
import type { S3RequestOptions, S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer({ domains: ['s3.example.test', 'other.test'] });
const options = { skip: needsOwnServer };

function send(method: string, host: string, path: string, more: S3RequestOptions = {}): Promise<S3Response> {
  return s3.send(method, path, { host, ...more });
}

test('the life of a bucket and an object, by host', options, async () => {
  const host = 'hosted.s3.example.test';
  expectStatus(await send('PUT', host, '/'), 200);
  expectStatus(await send('HEAD', host, '/'), 200);
  expectStatus(await send('PUT', host, '/a/b%20c', { body: 'value' }), 200);
  assert.equal((await send('GET', host, '/a/b%20c')).text, 'value');
  assert.equal((await s3.object('GET', 'hosted', 'a/b c')).text, 'value', 'path style sees the same');
  assert.deepEqual(listedKeys(await send('GET', host, '/', { query: { 'list-type': '2' } })), ['a/b c']);
  expectError(await send('DELETE', host, '/'), 409, 'BucketNotEmpty');
  expectStatus(await send('DELETE', host, '/a/b%20c'), 204);
  expectStatus(await send('DELETE', host, '/'), 204);
});

test('a port in the host, another domain, other case', options, async () => {
  await s3.bucket('PUT', 'ports');
  await s3.put('ports', 'key', 'value');
  const port = new URL(s3.endpoint).port;
  for (const host of [`ports.s3.example.test:${port}`, 'ports.other.test', 'ports.S3.Example.TEST']) {
    assert.equal((await send('GET', host, '/key')).text, 'value', host);
  }
});

test('a bucket whose name has dots', options, async () => {
  expectStatus(await send('PUT', 'my.dotted.bucket.s3.example.test', '/'), 200);
  expectStatus(await s3.bucket('HEAD', 'my.dotted.bucket'), 200);
});

test('the bucket’s name in the path is then part of the key', options, async () => {
  await s3.bucket('PUT', 'doubled');
  expectStatus(await send('PUT', 'doubled.s3.example.test', '/doubled/key', { body: 'x' }), 200);
  assert.equal((await s3.object('GET', 'doubled', 'doubled/key')).text, 'x');
});

test('keys that begin with a slash, or are dots', options, async () => {
  await s3.bucket('PUT', 'slashes');
  for (const [path, key] of [
    ['//a', '/a'],
    ['/..', '..'],
    ['/./a//', './a//'],
  ] as const) {
    expectStatus(await send('PUT', 'slashes.s3.example.test', path, { body: key }), 200);
    assert.equal((await s3.object('GET', 'slashes', key)).text, key);
  }
});

test('the domain itself, an address, and any other host mean path style', options, async () => {
  await s3.bucket('PUT', 'by-path');
  await s3.put('by-path', 'key', 'value');
  for (const host of [
    's3.example.test',
    '127.0.0.1:9000',
    'localhost',
    'unknown.example',
    'by-paths3.example.test',
  ]) {
    assert.equal((await send('GET', host, '/by-path/key')).text, 'value', host);
  }
  const list = await send('GET', 's3.example.test', '/', { query: { prefix: 'by-path' } });
  assert.equal(text(list.text, 'Name'), 'by-path');
});

test('presigned URLs work by host', options, async () => {
  await s3.bucket('PUT', 'presigned');
  await s3.put('presigned', 'key', 'value');
  const response = await send('GET', 'presigned.s3.example.test', '/key', { auth: 'presigned' });
  assert.equal(response.text, 'value');
});

test('a host that names no good bucket, or none that exists', options, async () => {
  expectError(await send('PUT', 'under_score.s3.example.test', '/'), 400, 'InvalidBucketName');
  expectError(await send('GET', 'missing.s3.example.test', '/key'), 404, 'NoSuchBucket');
});

test('the host is part of the signature: a URL for one bucket does not serve another', options, async () => {
  for (const name of ['mine', 'yours']) {
    await s3.bucket('PUT', `${name}-bucket`);
    await s3.put(`${name}-bucket`, 'key', name);
  }
  const { target } = s3.prepare('GET', '/key', { auth: 'presigned', host: 'mine-bucket.s3.example.test' });
  const use = (host: string): Promise<S3Response> => send('GET', host, target, { auth: 'anonymous' });
  assert.equal((await use('mine-bucket.s3.example.test')).text, 'mine');
  expectError(await use('yours-bucket.s3.example.test'), 403, 'SignatureDoesNotMatch');
});
