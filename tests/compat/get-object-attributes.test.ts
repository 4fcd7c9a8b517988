/**
 * @module GetObjectAttributes: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checksumOf } from '@cistern/protocol';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

const bodies = [partBytes(), partBytes(), Buffer.from('tail')];
const upload = await MultipartUpload.begin(s3, bucket, 'parts', {
  'x-amz-checksum-algorithm': 'CRC32',
  'x-amz-checksum-type': 'FULL_OBJECT',
});
const listed = [];
for (const [index, body] of bodies.entries()) listed.push(await upload.part(index + 1, body));
expectStatus(await upload.complete(listed), 200);

const ALL = 'ETag,Checksum,ObjectParts,StorageClass,ObjectSize';

function attributes(key: string, names = ALL, headers: Record<string, string> = {}): Promise<S3Response> {
  return s3.object('GET', bucket, key, {
    query: 'attributes',
    headers: { 'x-amz-object-attributes': names, ...headers },
  });
}

test('of a multipart object: all, with its parts', async () => {
  const response = await attributes('parts');
  expectStatus(response, 200);
  const head = await s3.object('HEAD', bucket, 'parts');
  const { text: xml } = response;
  assert.equal(`"${text(xml, 'ETag')}"`, head.headers['etag']);
  assert.equal(response.headers['last-modified'], head.headers['last-modified']);
  assert.equal(text(xml, 'ObjectSize'), head.headers['content-length']);
  assert.equal(text(xml, 'StorageClass'), 'STANDARD');
  const whole = checksumOf('CRC32', Buffer.concat(bodies)).toString('base64');
  const checksum = elements(xml, 'Checksum')[0] ?? '';
  assert.deepEqual([text(checksum, 'ChecksumCRC32'), text(checksum, 'ChecksumType')], [whole, 'FULL_OBJECT']);
  const parts = elements(xml, 'ObjectParts')[0] ?? '';
  assert.equal(text(parts, 'PartsCount'), '3');
  assert.equal(text(parts, 'IsTruncated'), 'false');
  assert.deepEqual(
    elements(parts, 'Part').map((part) => [
      text(part, 'PartNumber'),
      text(part, 'Size'),
      text(part, 'ChecksumCRC32'),
    ]),
    bodies.map((body, index) => [
      String(index + 1),
      String(body.length),
      checksumOf('CRC32', body).toString('base64'),
    ]),
  );
});

test('a composite checksum comes without the number of parts, which HeadObject tells with it', async () => {
  const composite = await MultipartUpload.begin(s3, bucket, 'composite', {
    'x-amz-checksum-algorithm': 'CRC32C',
  });
  const value = checksumOf('CRC32C', Buffer.from('tail')).toString('base64');
  const part = await composite.part(1, 'tail');
  expectStatus(
    await composite.complete([{ ...part, more: `<ChecksumCRC32C>${value}</ChecksumCRC32C>` }]),
    200,
  );
  const headers = { 'x-amz-checksum-mode': 'ENABLED' };
  const head = await s3.object('HEAD', bucket, 'composite', { headers });
  const checksum = elements((await attributes('composite')).text, 'Checksum')[0] ?? '';
  assert.equal(`${text(checksum, 'ChecksumCRC32C')}-1`, head.headers['x-amz-checksum-crc32c']);
  assert.equal(text(checksum, 'ChecksumType'), 'COMPOSITE');
});

test('parts come in pages', async () => {
  const first = (await attributes('parts', 'ObjectParts', { 'x-amz-max-parts': '2' })).text;
  assert.deepEqual(texts(first, 'PartNumber'), ['1', '2']);
  assert.deepEqual([text(first, 'IsTruncated'), text(first, 'NextPartNumberMarker')], ['true', '2']);
  const marker = { 'x-amz-max-parts': '2', 'x-amz-part-number-marker': '2' };
  const second = (await attributes('parts', 'ObjectParts', marker)).text;
  assert.deepEqual([texts(second, 'PartNumber'), text(second, 'IsTruncated')], [['3'], 'false']);
  assert.equal(text(second, 'PartsCount'), '3');
});

test('only what is asked for', async () => {
  const { text: xml } = await attributes('parts', 'ObjectSize');
  for (const name of ['ETag', 'Checksum', 'ObjectParts', 'StorageClass'])
    assert.deepEqual(elements(xml, name), [], name);
  assert.equal(elements(xml, 'ObjectSize').length, 1);
});

test('of an object that was put whole: no parts', async () => {
  await s3.put(bucket, 'whole', 'bytes');
  const { text: xml } = await attributes('whole');
  assert.equal(`"${text(xml, 'ETag')}"`, etagOf('bytes'));
  assert.equal(text(xml, 'ObjectSize'), '5');
  assert.deepEqual(elements(xml, 'ObjectParts'), []);
  assert.deepEqual(elements(xml, 'Checksum'), []);
});

test('of a version', async () => {
  const versioned = await s3.freshBucket();
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', versioned, { query: 'versioning', body }), 200);
  const first = await s3.object('PUT', versioned, 'k', { body: 'one' });
  await s3.put(versioned, 'k', 'second');
  const id = first.headers['x-amz-version-id'] ?? '';
  const response = await s3.object('GET', versioned, 'k', {
    query: { attributes: '', versionId: id },
    headers: { 'x-amz-object-attributes': 'ObjectSize' },
  });
  assert.equal(response.headers['x-amz-version-id'], id);
  assert.equal(text(response.text, 'ObjectSize'), '3');
});

test('what is wrong is refused', async () => {
  expectError(await attributes('missing'), 404, 'NoSuchKey');
  expectError(await attributes('parts', 'Nonsense'), 400, 'InvalidArgument');
  expectError(await s3.object('GET', bucket, 'parts', { query: 'attributes' }), 400, 'InvalidArgument');
});
