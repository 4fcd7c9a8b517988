/**
 * @module CreateMultipartUpload: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

test('answers with the bucket, the key and an id of its own, and shows no object', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const ids = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const response = await s3.object('POST', bucket, 'a key/ü&<', { query: 'uploads' });
      expectStatus(response, 200);
      assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
      assert.equal(text(response.text, 'Bucket'), bucket);
      assert.equal(text(response.text, 'Key'), 'a key/ü&<');
      ids.add(text(response.text, 'UploadId'));
    }
    assert.equal(ids.size, 3);
    expectError(await s3.object('GET', bucket, 'a key/ü&<'), 404, 'NoSuchKey');
  });
});

test('the object has the attributes, tags and metadata that were said here', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'attributes', {
    'content-type': 'text/x-test',
    'cache-control': 'no-cache',
    'content-disposition': 'attachment',
    'content-encoding': 'gzip',
    'content-language': 'de',
    expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
    'x-amz-meta-a': '1',
    'x-amz-tagging': 'one=1&two=2',
    'x-amz-acl': 'private',
  });
  const part = await upload.part(1, 'bytes', { 'content-type': 'image/png' });
  expectStatus(await upload.complete([part]), 200);
  const { headers } = await s3.object('GET', bucket, 'attributes');
  assert.equal(headers['content-type'], 'text/x-test');
  assert.equal(headers['cache-control'], 'no-cache');
  assert.equal(headers['content-disposition'], 'attachment');
  assert.equal(headers['content-encoding'], 'gzip');
  assert.equal(headers['content-language'], 'de');
  assert.equal(headers['expires'], 'Thu, 01 Dec 2033 16:00:00 GMT');
  assert.equal(headers['x-amz-meta-a'], '1');
  assert.equal(headers['x-amz-tagging-count'], '2');
});

test('the checksum that is wanted is repeated, with its type', async () => {
  for (const [algorithm, asked, type] of [
    ['CRC32', undefined, 'COMPOSITE'],
    ['CRC32', 'FULL_OBJECT', 'FULL_OBJECT'],
    ['CRC32C', 'COMPOSITE', 'COMPOSITE'],
    ['CRC64NVME', undefined, 'FULL_OBJECT'],
    ['SHA1', undefined, 'COMPOSITE'],
    ['SHA256', 'COMPOSITE', 'COMPOSITE'],
  ] as const) {
    const headers = {
      'x-amz-checksum-algorithm': algorithm,
      ...(asked !== undefined && { 'x-amz-checksum-type': asked }),
    };
    const response = await s3.object('POST', bucket, 'sums', { query: 'uploads', headers });
    expectStatus(response, 200);
    assert.equal(response.headers['x-amz-checksum-algorithm'], algorithm);
    assert.equal(response.headers['x-amz-checksum-type'], type);
  }
  const plain = await s3.object('POST', bucket, 'sums', { query: 'uploads' });
  assert.equal(plain.headers['x-amz-checksum-algorithm'], undefined);
});

test('what cannot be is refused', async () => {
  const cases: readonly [Record<string, string>, number, string][] = [
    [{ 'x-amz-checksum-algorithm': 'MD4' }, 400, 'InvalidRequest'],
    [{ 'x-amz-checksum-type': 'COMPOSITE' }, 400, 'InvalidRequest'],
    [{ 'x-amz-checksum-algorithm': 'SHA1', 'x-amz-checksum-type': 'FULL_OBJECT' }, 400, 'InvalidRequest'],
    [{ 'x-amz-checksum-algorithm': 'CRC64NVME', 'x-amz-checksum-type': 'COMPOSITE' }, 400, 'InvalidRequest'],
    [{ 'x-amz-storage-class': 'NO_SUCH' }, 400, 'InvalidStorageClass'],
    [{ 'x-amz-tagging': 'a=1&a=2' }, 400, 'InvalidArgument'],
    [{ 'x-amz-meta-a': 'x'.repeat(2050) }, 400, 'MetadataTooLarge'],
    [{ 'x-amz-server-side-encryption': 'AES256' }, 501, 'NotImplemented'],
    [{ 'x-amz-acl': 'public-read' }, 501, 'NotImplemented'],
  ];
  for (const [headers, status, code] of cases)
    expectError(await s3.object('POST', bucket, 'refused', { query: 'uploads', headers }), status, code);
  expectError(await s3.object('POST', 'no-such-bucket-here', 'k', { query: 'uploads' }), 404, 'NoSuchBucket');
  const long = 'k'.repeat(1025);
  expectError(await s3.object('POST', bucket, long, { query: 'uploads' }), 400, 'KeyTooLongError');
});
