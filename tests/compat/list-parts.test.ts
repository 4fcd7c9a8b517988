/**
 * @module ListParts: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { etagOf } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { elements, text, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

test('tells of each part its number, ETag, size and time, in order', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'a & b');
  for (const number of [30, 1, 2]) await upload.part(number, 'x'.repeat(number));
  const response = await upload.list();
  expectStatus(response, 200);
  assert.equal(text(response.text, 'Bucket'), bucket);
  assert.equal(text(response.text, 'Key'), 'a & b');
  assert.equal(text(response.text, 'UploadId'), upload.id);
  assert.equal(text(response.text, 'IsTruncated'), 'false');
  assert.equal(text(response.text, 'MaxParts'), '1000');
  assert.equal(text(response.text, 'StorageClass'), 'STANDARD');
  assert.equal(
    text(text(response.text, 'Owner') ?? '', 'ID'),
    text(text(response.text, 'Initiator') ?? '', 'ID'),
  );
  const parts = elements(response.text, 'Part').map((part) => [
    text(part, 'PartNumber'),
    text(part, 'ETag'),
    text(part, 'Size'),
  ]);
  assert.deepEqual(
    parts,
    [1, 2, 30].map((number) => [String(number), etagOf('x'.repeat(number)), String(number)]),
  );
  assert.match(text(response.text, 'LastModified') ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('comes in pages', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'pages');
  await Promise.all([1, 2, 5, 9, 10].map((number) => upload.part(number, 'x')));
  const pages: string[][] = [];
  let marker = '';
  for (;;) {
    const query = { 'max-parts': '2', ...(marker !== '' && { 'part-number-marker': marker }) };
    const response = await upload.list(query);
    pages.push(texts(response.text, 'PartNumber'));
    marker = text(response.text, 'NextPartNumberMarker') ?? '';
    if (text(response.text, 'IsTruncated') === 'false') break;
  }
  assert.deepEqual(pages, [['1', '2'], ['5', '9'], ['10']]);
  const nothing = await upload.list({ 'max-parts': '0' });
  assert.deepEqual([texts(nothing.text, 'PartNumber'), text(nothing.text, 'IsTruncated')], [[], 'false']);
  const end = await upload.list({ 'part-number-marker': '10' });
  assert.deepEqual(texts(end.text, 'PartNumber'), []);
  assert.equal(text(end.text, 'NextPartNumberMarker'), '0', 'as S3 says where no part is listed');
});

test('what is wrong is refused', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'wrong');
  const wrong: Record<string, string>[] = [
    { 'max-parts': 'x' },
    { 'max-parts': '-1' },
    { 'part-number-marker': 'x' },
  ];
  for (const query of wrong) expectError(await upload.list(query), 400, 'InvalidArgument');
  const query = { uploadId: 'x' };
  expectError(await s3.object('GET', bucket, 'wrong', { query }), 404, 'NoSuchUpload');
  expectStatus(await upload.complete([await upload.part(1, 'x')]), 200);
  expectError(await upload.list(), 404, 'NoSuchUpload');
});
