/**
 * @module ListMultipartUploads: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();

async function withUploads(keys: readonly string[]): Promise<{ bucket: string; ids: string[] }> {
  const bucket = await s3.freshBucket();
  const ids: string[] = [];
  for (const key of keys) ids.push((await MultipartUpload.begin(s3, bucket, key)).id);
  return { bucket, ids };
}

const KEYS = ['b', 'a/1', 'a/2', 'b', 'ü', 'c/x', 'b'];

/** The uploads and the common prefixes of every page, as `key id` and `prefix`. */
async function pages(bucket: string, query: Record<string, string>): Promise<string[][]> {
  const found: string[][] = [];
  let markers: Record<string, string> = {};
  for (;;) {
    const response = await s3.bucket('GET', bucket, { query: { uploads: '', ...query, ...markers } });
    expectStatus(response, 200);
    const uploads = elements(response.text, 'Upload').map(
      (upload) => `${text(upload, 'Key')} ${text(upload, 'UploadId')}`,
    );
    const prefixes = elements(response.text, 'CommonPrefixes').map((one) => text(one, 'Prefix') ?? '');
    found.push([...uploads, ...prefixes].sort());
    if (text(response.text, 'IsTruncated') === 'false') return found;
    markers = {
      'key-marker': text(response.text, 'NextKeyMarker') ?? '',
      'upload-id-marker': text(response.text, 'NextUploadIdMarker') ?? '',
    };
  }
}

test('keys in order, of one key the oldest upload first, in pages of any size', async () => {
  const { bucket, ids } = await withUploads(KEYS);
  const all = [1, 2, 0, 3, 6, 5, 4].map((index) => `${KEYS[index]} ${ids[index]}`);
  for (const max of ['1', '3', '1000']) {
    assert.deepEqual((await pages(bucket, { 'max-uploads': max })).flat(), all);
  }
  assert.deepEqual((await pages(bucket, { prefix: 'a/' })).flat(), all.slice(0, 2));
  assert.deepEqual((await pages(bucket, { 'key-marker': 'b' })).flat(), all.slice(5));
  const after = { 'key-marker': 'b', 'upload-id-marker': ids[0] ?? '' };
  assert.deepEqual((await pages(bucket, after)).flat(), all.slice(3));
  assert.deepEqual((await pages(bucket, { 'upload-id-marker': ids[0] ?? '' })).flat(), all);
});

test('grouped by a delimiter', async () => {
  const { bucket, ids } = await withUploads(KEYS);
  const grouped = ['a/', ...[0, 3, 6].map((index) => `b ${ids[index]}`), 'c/', `ü ${ids[4]}`];
  for (const max of ['1', '2', '1000'])
    assert.deepEqual((await pages(bucket, { delimiter: '/', 'max-uploads': max })).flat(), grouped);
});

test('repeats what was asked, and tells of each upload who began it and when', async () => {
  const { bucket, ids } = await withUploads(['k <&>']);
  const query = { uploads: '', prefix: 'k', delimiter: '/', 'max-uploads': '5' };
  const { text: xml } = await s3.bucket('GET', bucket, { query });
  assert.equal(text(xml, 'Bucket'), bucket);
  assert.equal(text(xml, 'Prefix'), 'k');
  assert.equal(text(xml, 'Delimiter'), '/');
  assert.equal(text(xml, 'MaxUploads'), '5');
  assert.equal(text(xml, 'Key'), 'k <&>');
  assert.equal(text(xml, 'UploadId'), ids[0]);
  assert.equal(text(xml, 'StorageClass'), 'STANDARD');
  assert.match(text(xml, 'Initiated') ?? '', /^\d{4}-\d\d-\d\dT/);
  assert.equal(elements(xml, 'Initiator').length, 1);
  const encoded = await s3.bucket('GET', bucket, { query: { ...query, 'encoding-type': 'url' } });
  assert.equal(text(encoded.text, 'Key'), 'k%20%3C%26%3E');
});

test('an upload that has ended is not listed', async () => {
  const { bucket } = await withUploads([]);
  const one = await MultipartUpload.begin(s3, bucket, 'one');
  const two = await MultipartUpload.begin(s3, bucket, 'two');
  const three = await MultipartUpload.begin(s3, bucket, 'three');
  expectStatus(await one.complete([await one.part(1, 'x')]), 200);
  expectStatus(await two.abort(), 204);
  const { text: xml } = await s3.bucket('GET', bucket, { query: 'uploads' });
  assert.deepEqual(texts(xml, 'UploadId'), [three.id]);
});

test('what is wrong is refused', async () => {
  const { bucket } = await withUploads([]);
  for (const query of [
    'max-uploads=x',
    'max-uploads=-1',
    'encoding-type=x',
    'key-marker=k&upload-id-marker=x',
  ])
    expectError(await s3.bucket('GET', bucket, { query: `uploads&${query}` }), 400, 'InvalidArgument');
  expectError(await s3.bucket('GET', 'no-such-bucket-here', { query: 'uploads' }), 404, 'NoSuchBucket');
  const empty = await s3.bucket('GET', bucket, { query: 'uploads&max-uploads=0' });
  assert.equal(text(empty.text, 'IsTruncated'), 'false');
});
