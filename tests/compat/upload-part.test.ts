/**
 * @module UploadPart: https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHECKSUM_ALGORITHMS, checksumOf, loadChecksums } from '@cistern/protocol';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { etagOf, md5Base64, sha256Hex } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await loadChecksums();

test('the ETag is the MD5 of the part, small or large, in any order of numbers', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'etags');
  for (const [number, body] of [
    [10_000, Buffer.from('last')],
    [2, partBytes(200_000)],
    [1, Buffer.alloc(0)],
  ] as const) {
    const response = await upload.put(number, body);
    expectStatus(response, 200);
    assert.equal(response.headers['etag'], etagOf(body));
    assert.equal(response.body.length, 0);
  }
  assert.deepEqual(texts((await upload.list()).text, 'PartNumber'), ['1', '2', '10000']);
});

test('a part that is sent again takes the place of the first one', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'again');
  const [first, second] = [partBytes(100_000), partBytes(100_001)];
  await upload.part(1, first);
  const part = await upload.part(1, second);
  expectStatus(await upload.complete([part]), 200);
  assert.ok((await s3.object('GET', bucket, 'again')).body.equals(second));
});

test('parts that are sent at once all arrive', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'at-once');
  const bodies = [partBytes(), partBytes(), partBytes(), partBytes(70_000)];
  const parts = await Promise.all(bodies.map((body, index) => upload.part(index + 1, body)));
  expectStatus(await upload.complete(parts), 200);
  assert.ok((await s3.object('GET', bucket, 'at-once')).body.equals(Buffer.concat(bodies)));
});

test('numbers from 1 to 10,000, and nothing else', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'numbers');
  for (const number of ['0', '10001', '-1', 'x', '', '1.5']) {
    const response = await upload.ask('PUT', { partNumber: number }, { body: 'x' });
    expectError(response, 400, 'InvalidArgument');
    assert.match(response.text, /Part number must be an integer between 1 and 10000, inclusive/);
  }
});

test('an upload that is not there, or is of another key, is NoSuchUpload', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'here');
  const put = (key: string, uploadId: string): ReturnType<typeof s3.object> =>
    s3.object('PUT', bucket, key, { query: { partNumber: '1', uploadId }, body: 'x' });
  for (const id of ['x', '', 'null', `${upload.id}x`, 'u0000000zzzz'])
    expectError(await put('here', id), 404, 'NoSuchUpload');
  expectError(await put('there', upload.id), 404, 'NoSuchUpload');
  const other = await s3.freshBucket();
  const query = { partNumber: '1', uploadId: upload.id };
  expectError(await s3.object('PUT', other, 'here', { query, body: 'x' }), 404, 'NoSuchUpload');
  expectStatus(await upload.abort(), 204);
  expectError(await upload.put(1, 'x'), 404, 'NoSuchUpload');
});

test('digests are compared, and a wrong one stores nothing', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'digests');
  const query = { partNumber: '1' };
  for (const body of ['small', partBytes(100_000)]) {
    const wrong = { body, headers: { 'content-md5': md5Base64('other') } };
    expectError(await upload.ask('PUT', query, wrong), 400, 'BadDigest');
    const payload = { body, payload: sha256Hex('other') };
    expectError(await upload.ask('PUT', query, payload), 400, 'XAmzContentSHA256Mismatch');
    expectStatus(await upload.put(2, body, { 'content-md5': md5Base64(body) }), 200);
  }
  assert.deepEqual(texts((await upload.list()).text, 'PartNumber'), ['2']);
});

test('an upload with a checksum: every part has it, whether it was sent or not', async () => {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const upload = await MultipartUpload.begin(s3, bucket, algorithm, {
      'x-amz-checksum-algorithm': algorithm,
    });
    const expected: string[] = [];
    for (const [index, body] of [Buffer.from('small'), partBytes(100_000)].entries()) {
      const value = checksumOf(algorithm, body).toString('base64');
      const sent = await upload.put(2 * index + 1, body, { [header]: value });
      const computed = await upload.put(2 * index + 2, body);
      for (const response of [sent, computed]) {
        expectStatus(response, 200);
        assert.equal(response.headers[header], value, algorithm);
        expected.push(value);
      }
      const wrong = checksumOf(algorithm, Buffer.from('other')).toString('base64');
      expectError(await upload.put(9, body, { [header]: wrong }), 400, 'BadDigest');
    }
    assert.deepEqual(texts((await upload.list()).text, `Checksum${algorithm}`), expected);
  }
});

test('a checksum of another algorithm than the upload is refused; without one of the upload it is compared', async () => {
  const sha1 = { 'x-amz-checksum-sha1': checksumOf('SHA1', Buffer.from('x')).toString('base64') };
  const upload = await MultipartUpload.begin(s3, bucket, 'mixed', { 'x-amz-checksum-algorithm': 'CRC32' });
  expectError(await upload.put(1, 'x', sha1), 400, 'InvalidRequest');
  const plain = await MultipartUpload.begin(s3, bucket, 'plain');
  const response = await plain.put(1, 'x', sha1);
  expectStatus(response, 200);
  assert.equal(response.headers['x-amz-checksum-sha1'], sha1['x-amz-checksum-sha1']);
  expectError(await plain.put(1, 'y', sha1), 400, 'BadDigest');
});

test('a part that is too large is refused before its body is read', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'large');
  const response = await upload.ask(
    'PUT',
    { partNumber: '1' },
    {
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'x-amz-decoded-content-length': String(5 * 1024 ** 3 + 1),
        'content-encoding': 'aws-chunked',
      },
      body: '0\r\n\r\n',
    },
  );
  expectError(response, 400, 'EntityTooLarge');
});

test('a part may come in signed chunks, with a trailing checksum, and by a presigned URL', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'presigned');
  const presigned = await upload.ask('PUT', { partNumber: '1' }, { body: 'abc', auth: 'presigned' });
  expectStatus(presigned, 200);
  const crc = checksumOf('CRC32', Buffer.from('def')).toString('base64');
  const trailing = await upload.ask(
    'PUT',
    { partNumber: '2' },
    {
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'x-amz-decoded-content-length': '3',
        'content-encoding': 'aws-chunked',
        'x-amz-trailer': 'x-amz-checksum-crc32',
      },
      body: `3\r\ndef\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
    },
  );
  expectStatus(trailing, 200);
  assert.equal(trailing.headers['x-amz-checksum-crc32'], crc);
  assert.deepEqual(texts((await upload.list()).text, 'Size'), ['3', '3']);
});
