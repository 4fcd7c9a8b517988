/**
 * @module The largest object that S3 has, 5 TiB: made of copies, which take no room, so that no size or offset may be
 * kept in 32 bits anywhere on the way.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const MIB = 1024 ** 2;
const PIECE = 64 * MIB;
const LARGE = 5 * 1024 ** 3;
const HUGE = 5 * 1024 ** 4;

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
const piece = randomBytes(PIECE);

/** An object that is another one, over and over. */
async function repeat(key: string, source: string, count: number): Promise<void> {
  const upload = await MultipartUpload.begin(s3, bucket, key);
  const parts = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const number = index + 1;
      const copied = await upload.copy(number, `/${bucket}/${source}`);
      expectStatus(copied, 200);
      return { number, etag: text(copied.text, 'ETag') ?? '' };
    }),
  );
  expectStatus(await upload.complete(parts), 200);
}

async function range(key: string, from: number, to: number): Promise<Buffer> {
  const response = await s3.object('GET', bucket, key, { headers: { range: `bytes=${from}-${to}` } });
  expectStatus(response, 206);
  assert.equal(response.headers['content-range'], `bytes ${from}-${to}/${HUGE}`);
  return response.body;
}

test('an object of 5 TiB has its size everywhere, and every byte in its place', async () => {
  expectStatus(await s3.object('PUT', bucket, 'piece', { body: piece }), 200);
  await repeat('large', 'piece', LARGE / PIECE);
  await repeat('huge', 'large', HUGE / LARGE);
  const head = await s3.object('HEAD', bucket, 'huge');
  assert.equal(head.headers['content-length'], String(HUGE));
  assert.match(head.headers['etag'] ?? '', /-1024"$/);
  const listed = await s3.bucket('GET', bucket, { query: 'list-type=2&prefix=huge' });
  assert.equal(text(listed.text, 'Size'), String(HUGE));
  const last = await s3.object('HEAD', bucket, 'huge', { query: 'partNumber=1024' });
  assert.equal(last.headers['content-range'], `bytes ${HUGE - LARGE}-${HUGE - 1}/${HUGE}`);
  const attributes = await s3.object('GET', bucket, 'huge', {
    query: 'attributes',
    headers: { 'x-amz-object-attributes': 'ObjectSize' },
  });
  assert.equal(text(attributes.text, 'ObjectSize'), String(HUGE));

  assert.ok((await range('huge', HUGE - 10, HUGE - 1)).equals(piece.subarray(-10)));
  for (const at of [2 ** 32, 2 ** 40, HUGE - LARGE]) {
    const expected = Buffer.concat([piece.subarray(-7), piece.subarray(0, 5)]);
    assert.ok((await range('huge', at - 7, at + 4)).equals(expected), `at ${at}`);
  }
  const beyond = await s3.object('GET', bucket, 'huge', { headers: { range: `bytes=${HUGE}-` } });
  expectError(beyond, 416, 'InvalidRange');
});

test('one of more than 5 GiB is copied, but not read to its end for a checksum', async () => {
  const headers = { 'x-amz-copy-source': `${bucket}/huge` };
  expectStatus(await s3.object('PUT', bucket, 'copy', { headers }), 200);
  const counted = { ...headers, 'x-amz-checksum-algorithm': 'SHA256' };
  expectError(await s3.object('PUT', bucket, 'copy', { headers: counted }), 400, 'InvalidRequest');
});

test('an object of more is refused', async () => {
  const upload = await MultipartUpload.begin(s3, bucket, 'too-large');
  const parts = [];
  for (let number = 1; number <= HUGE / LARGE + 1; number++) {
    const copied = await upload.copy(number, `/${bucket}/large`);
    expectStatus(copied, 200);
    parts.push({ number, etag: text(copied.text, 'ETag') ?? '' });
  }
  expectError(await upload.complete(parts), 400, 'EntityTooLarge');
});
