/**
 * @module `partNumber` of GetObject and HeadObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checksumOf } from '@cistern/protocol';

import { expectBareError, expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const bodies = [partBytes(), partBytes(), partBytes(70_000)];
const size = bodies.reduce((sum, { length }) => sum + length, 0);

const upload = await MultipartUpload.begin(s3, bucket, 'parts', { 'x-amz-checksum-algorithm': 'SHA256' });
const listed = [];
for (const [index, body] of bodies.entries()) {
  const value = checksumOf('SHA256', body).toString('base64');
  const part = await upload.part(index + 1, body);
  listed.push({ ...part, more: `<ChecksumSHA256>${value}</ChecksumSHA256>` });
}
const completed = await upload.complete(listed);
expectStatus(completed, 200);

const asked = (partNumber: string | number): { query: Record<string, string> } => ({
  query: { partNumber: String(partNumber) },
});

test('each part is a range of the object', async () => {
  let start = 0;
  for (const [index, body] of bodies.entries()) {
    for (const method of ['GET', 'HEAD']) {
      const headers = { 'x-amz-checksum-mode': 'ENABLED' };
      const response = await s3.object(method, bucket, 'parts', { ...asked(index + 1), headers });
      expectStatus(response, 206);
      assert.equal(response.headers['x-amz-mp-parts-count'], '3');
      assert.equal(response.headers['content-length'], String(body.length));
      assert.equal(response.headers['content-range'], `bytes ${start}-${start + body.length - 1}/${size}`);
      assert.match(response.headers['etag'] ?? '', /-3"$/);
      assert.equal(
        response.headers['x-amz-checksum-sha256'],
        checksumOf('SHA256', body).toString('base64'),
        'the checksum of the bytes that are sent',
      );
      assert.equal(response.headers['x-amz-checksum-type'], 'COMPOSITE', "the object's");
      if (method === 'GET') assert.ok(response.body.equals(body));
    }
    start += body.length;
  }
});

test('parts are counted as the object has them, whatever their numbers were', async () => {
  const gaps = await MultipartUpload.begin(s3, bucket, 'gaps');
  const parts = [await gaps.part(7, bodies[0] ?? ''), await gaps.part(9000, 'tail')];
  await gaps.part(8, 'left out');
  expectStatus(await gaps.complete(parts), 200);
  const second = await s3.object('GET', bucket, 'gaps', asked(2));
  assert.equal(second.text, 'tail');
  assert.equal(second.headers['x-amz-mp-parts-count'], '2');
  expectError(await s3.object('GET', bucket, 'gaps', asked(7)), 416, 'InvalidPartNumber');
});

test('an object that was put whole is one part', async () => {
  await s3.put(bucket, 'whole', 'bytes');
  for (const method of ['GET', 'HEAD']) {
    const response = await s3.object(method, bucket, 'whole', asked(1));
    expectStatus(response, 206);
    assert.equal(response.headers['content-range'], 'bytes 0-4/5');
    assert.equal(response.headers['content-length'], '5');
    assert.equal(response.headers['x-amz-mp-parts-count'], undefined);
  }
  expectError(await s3.object('GET', bucket, 'whole', asked(2)), 416, 'InvalidPartNumber');
  expectBareError(await s3.object('HEAD', bucket, 'whole', asked(2)), 416);
  await s3.put(bucket, 'empty', '');
  const empty = await s3.object('GET', bucket, 'empty', asked(1));
  assert.equal(empty.status, 206);
  assert.equal(empty.body.length, 0);
});

test('numbers that are none, that no part has, or beside a range', async () => {
  for (const number of ['0', '10001', '-1', 'x', '']) {
    for (const key of ['parts', 'missing']) {
      expectError(await s3.object('GET', bucket, key, asked(number)), 400, 'InvalidArgument');
      expectBareError(await s3.object('HEAD', bucket, key, asked(number)), 400);
    }
  }
  const beyond = await s3.object('GET', bucket, 'parts', asked(4));
  expectError(beyond, 416, 'InvalidPartNumber');
  const headers = { range: 'bytes=0-1' };
  expectError(await s3.object('GET', bucket, 'parts', { ...asked(1), headers }), 400, 'InvalidRequest');
  expectError(await s3.object('GET', bucket, 'missing', asked(1)), 404, 'NoSuchKey');
});

test('conditions are those of the object', async () => {
  const etag = (await s3.object('HEAD', bucket, 'parts')).headers['etag'] ?? '';
  const headers = { 'if-none-match': etag };
  assert.equal((await s3.object('GET', bucket, 'parts', { ...asked(1), headers })).status, 304);
  const failing = { headers: { 'if-match': '"other"' } };
  expectError(
    await s3.object('GET', bucket, 'parts', { ...asked(1), ...failing }),
    412,
    'PreconditionFailed',
  );
});
