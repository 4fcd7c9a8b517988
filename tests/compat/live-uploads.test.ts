/**
 * @module Uploads that are read while they are written: `x-cistern-live`, `?cistern-upload=ID`, `x-cistern-follow`.
 *
 * S3 has none of it: docs/live-uploads.md says what it is.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { follow, startLivePut, uploadsOf } from '../support/live.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { objectPath } from '../support/s3.ts';
import type { S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const PART = 64 * 1024;
// Two HTTP threads: the commit has to wake followers on both.
const { s3, dataDir } = await startTestServer({ threads: 2, livePartBytes: PART });
const bucket = await s3.freshBucket();
let keys = 0;

const freshKey = (): string => `live/${keys++}`;

const read = (
  method: string,
  key: string,
  id: string,
  headers: Record<string, string> = {},
): Promise<S3Response> => s3.object(method, bucket, key, { query: `cistern-upload=${id}`, headers });

async function onlyUpload(key: string): Promise<string> {
  let id: string | undefined;
  await eventually(async () => {
    [id] = await uploadsOf(s3, bucket, key);
    assert.ok(id !== undefined);
  });
  return id as string;
}

/** Waits until so much of it can be read. */
async function committed(key: string, id: string, size: number): Promise<void> {
  await eventually(async () => {
    const { headers } = await read('HEAD', key, id);
    assert.equal(headers['x-cistern-upload-size'], String(size));
  });
}

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

const sha256Base64 = (text: string): string => createHash('sha256').update(text).digest('base64');

/** As S3 makes them of parts. */
function etagOfParts(bytes: Buffer): string {
  const digests: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PART) digests.push(md5(bytes.subarray(at, at + PART)));
  return `"${md5(Buffer.concat(digests)).toString('hex')}-${digests.length}"`;
}

test('what has come of a live upload can be read, by range too, and becomes the object at its end', async () => {
  const key = freshKey();
  const bytes = randomBytes(3 * PART + 1000);
  const upload = await startLivePut(s3, objectPath(bucket, key), {
    headers: { 'content-type': 'text/x-log' },
  });
  await upload.send(bytes.subarray(0, 2 * PART + 10));
  const id = await onlyUpload(key);
  await committed(key, id, 2 * PART);
  const prefix = bytes.subarray(0, 2 * PART);
  const got = await read('GET', key, id);
  expectStatus(got, 200);
  assert.ok(got.body.equals(prefix));
  assert.equal(got.headers['content-type'], 'text/x-log');
  assert.equal(got.headers['x-cistern-upload-id'], id);
  assert.equal(got.headers['x-cistern-upload-state'], 'open');
  assert.equal(got.headers['etag'], etagOfParts(prefix));
  const head = await read('HEAD', key, id);
  assert.equal(head.headers['content-length'], String(2 * PART));
  const range = await read('GET', key, id, { range: `bytes=${PART - 3}-${PART + 3}` });
  expectStatus(range, 206);
  assert.ok(range.body.equals(bytes.subarray(PART - 3, PART + 4)));
  assert.equal(range.headers['content-range'], `bytes ${PART - 3}-${PART + 3}/${2 * PART}`);
  expectError(await read('GET', key, id, { range: `bytes=${2 * PART}-` }), 416, 'InvalidRange');
  expectStatus(await read('GET', key, id, { 'if-none-match': etagOfParts(prefix) }), 304);
  // The key itself shows nothing of it.
  expectError(await s3.object('GET', bucket, key), 404, 'NoSuchKey');
  await upload.send(bytes.subarray(2 * PART + 10));
  const answer = await upload.end();
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(answer.headers.get('etag'), etagOfParts(bytes));
  assert.equal(answer.headers.get('x-cistern-upload-state'), 'complete');
  upload.connection.close();
  const object = await s3.object('GET', bucket, key);
  assert.ok(object.body.equals(bytes));
  assert.equal(object.headers['etag'], etagOfParts(bytes));
  const complete = await read('GET', key, id);
  assert.ok(complete.body.equals(bytes));
  assert.equal(complete.headers['x-cistern-upload-state'], 'complete');
});

test('followers get what is committed at once, and end when the upload does', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const bytes = randomBytes(4 * PART + 77);
  const upload = await startLivePut(s3, path);
  await upload.send(bytes.subarray(0, PART));
  const id = await onlyUpload(key);
  const followers = await Promise.all(Array.from({ length: 8 }, () => follow(s3, path, id)));
  const late = await follow(s3, path, id, { range: `bytes=${2 * PART + 5}-` });
  const bounded = await follow(s3, path, id, { range: `bytes=10-${PART + 9}` });
  for (const follower of followers) {
    assert.equal(follower.status, 200);
    assert.equal(follower.headers['content-length'], undefined);
    await follower.until(PART);
  }
  await upload.send(bytes.subarray(PART, 2 * PART));
  for (const follower of followers) await follower.until(2 * PART);
  assert.ok((await bounded.ended).equals(bytes.subarray(10, PART + 10)));
  assert.equal(bounded.headers['content-range'], `bytes 10-${PART + 9}/*`);
  await upload.send(bytes.subarray(2 * PART));
  await upload.end();
  upload.connection.close();
  for (const follower of followers) assert.ok((await follower.ended).equals(bytes));
  assert.equal(late.status, 206);
  assert.equal(late.headers['content-range'], `bytes ${2 * PART + 5}-9007199254740991/*`);
  assert.ok((await late.ended).equals(bytes.subarray(2 * PART + 5)));
  const after = await follow(s3, path, id);
  assert.ok((await after.ended).equals(bytes));
});

test('an abort breaks the body of followers, and the server goes on', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const upload = await startLivePut(s3, path);
  await upload.send(randomBytes(PART));
  const id = await onlyUpload(key);
  const follower = await follow(s3, path, id);
  await follower.until(PART);
  expectStatus(await s3.object('DELETE', bucket, key, { query: `uploadId=${id}` }), 204);
  await assert.rejects(follower.ended);
  const gone = await read('HEAD', key, id);
  assert.equal(gone.status, 404);
  assert.equal(gone.headers['x-cistern-upload-state'], 'aborted');
  // The writer is told, too, at the latest when its next part comes.
  await upload.send(randomBytes(PART));
  const answer = await upload.end();
  assert.equal(answer.status, 404, answer.body.toString());
  upload.connection.close();
});

test('what a vanished client had committed stays, and another one goes on with it', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const bytes = randomBytes(3 * PART + 5);
  const upload = await startLivePut(s3, path, { headers: { 'x-amz-meta-kept': 'yes' } });
  await upload.send(bytes.subarray(0, 2 * PART + 100));
  const id = await onlyUpload(key);
  await committed(key, id, 2 * PART);
  const follower = await follow(s3, path, id);
  upload.vanish();
  await committed(key, id, 2 * PART);
  const query = `cistern-upload=${id}`;
  const wrong = await s3.object('PUT', bucket, key, {
    query,
    headers: { 'x-amz-write-offset-bytes': '5' },
    payload: 'UNSIGNED-PAYLOAD',
    body: 'x',
  });
  expectError(wrong, 400, 'InvalidWriteOffset');
  assert.equal(wrong.headers['x-cistern-upload-size'], String(2 * PART));
  const resumed = await startLivePut(s3, path, {
    query,
    headers: { 'x-amz-write-offset-bytes': String(2 * PART) },
  });
  await resumed.send(bytes.subarray(2 * PART));
  const answer = await resumed.end();
  assert.equal(answer.status, 200, answer.body.toString());
  resumed.connection.close();
  assert.ok((await follower.ended).equals(bytes));
  const object = await s3.object('GET', bucket, key);
  assert.ok(object.body.equals(bytes));
  assert.equal(object.headers['x-amz-meta-kept'], 'yes');
});

test('of two that go on with one upload only one does', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const first = await startLivePut(s3, path);
  await first.send(Buffer.alloc(PART, 'a'));
  const id = await onlyUpload(key);
  await committed(key, id, PART);
  const options = { query: `cistern-upload=${id}`, headers: { 'x-amz-write-offset-bytes': String(PART) } };
  const second = await startLivePut(s3, path, options);
  await second.send(Buffer.alloc(PART, 'b'));
  await committed(key, id, 2 * PART);
  await first.send(Buffer.alloc(PART, 'c'));
  const refused = await first.end();
  assert.equal(refused.status, 400, refused.body.toString());
  first.connection.close();
  // What was refused is not what goes on.
  const answer = await second.end();
  assert.equal(answer.status, 200, answer.body.toString());
  const object = await s3.object('GET', bucket, key);
  assert.ok(object.body.equals(Buffer.concat([Buffer.alloc(PART, 'a'), Buffer.alloc(PART, 'b')])));
  second.connection.close();
});

test('a body signed as a whole is refused, and so are values other than true', async () => {
  const key = freshKey();
  for (const headers of [{ 'x-cistern-live': 'true' }, { 'x-cistern-live': 'yes' }]) {
    const response = await s3.object('PUT', bucket, key, { headers, body: 'x' });
    assert.equal(response.status, 400, response.text);
  }
  expectError(await s3.object('GET', bucket, key), 404, 'NoSuchKey');
  expectError(await read('GET', key, 'nonsense'), 404, 'NoSuchUpload');
});

test('an empty live upload is an object of no bytes', async () => {
  const key = freshKey();
  const upload = await startLivePut(s3, objectPath(bucket, key));
  const answer = await upload.end();
  assert.equal(answer.status, 200, answer.body.toString());
  assert.match(answer.headers.get('etag') ?? '', /-1"$/);
  upload.connection.close();
  assert.equal((await s3.object('GET', bucket, key)).body.length, 0);
});

test('clients that vanish at any time leave nothing open', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const bytes = randomBytes(8 * PART);
  for (let i = 1; i <= 40; i++) {
    const upload = await startLivePut(s3, path);
    const sent = upload.send(bytes.subarray(0, i * 10_000));
    if (i % 2 === 0) await sent;
    upload.vanish();
  }
  await eventually(async () => assert.deepEqual(await readdir(join(dataDir, 'tmp')), []));
  expectError(await s3.object('GET', bucket, key), 404, 'NoSuchKey');
});

test('the object is what its PUT has sent, whatever else was sent to its upload', async () => {
  const key = freshKey();
  const upload = await startLivePut(s3, objectPath(bucket, key));
  await upload.send(Buffer.alloc(PART, 'a'));
  const id = await onlyUpload(key);
  await committed(key, id, PART);
  const query = { uploadId: id, partNumber: '2' };
  expectStatus(await s3.object('PUT', bucket, key, { query, body: 'by somebody else' }), 200);
  await committed(key, id, PART + 16);
  assert.equal((await upload.end()).status, 200);
  upload.connection.close();
  assert.ok((await s3.object('GET', bucket, key)).body.equals(Buffer.alloc(PART, 'a')));
});

test('what goes on with another checksum leaves the object without one', async () => {
  const key = freshKey();
  const path = objectPath(bucket, key);
  const begun = await startLivePut(s3, path, { headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
  const id = await onlyUpload(key);
  begun.vanish();
  const resumed = await s3.object('PUT', bucket, key, {
    query: `cistern-upload=${id}`,
    headers: { 'x-amz-write-offset-bytes': '0', 'x-amz-checksum-sha256': sha256Base64('x') },
    payload: 'UNSIGNED-PAYLOAD',
    body: 'x',
  });
  expectStatus(resumed, 200);
  const head = await s3.object('HEAD', bucket, key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  expectStatus(head, 200);
  const told = Object.keys(head.headers).filter((name) => name.startsWith('x-amz-checksum'));
  assert.deepEqual(told, []);
});

test('a complete upload is read as its object is: not when that is archived, or gone from its key', async () => {
  const key = freshKey();
  for (const storageClass of ['STANDARD', 'GLACIER']) {
    const upload = await MultipartUpload.begin(s3, bucket, key, { 'x-amz-storage-class': storageClass });
    expectStatus(await upload.complete([await upload.part(1, 'bytes')]), 200);
    const got = await read('GET', key, upload.id);
    if (storageClass === 'GLACIER') expectError(got, 403, 'InvalidObjectState');
    else assert.equal(got.text, 'bytes');
    expectStatus(await read('HEAD', key, upload.id), 200);
    const elsewhere = await s3.freshBucket();
    const source = { 'x-amz-copy-source': `${bucket}/${key}` };
    if (storageClass === 'STANDARD')
      expectStatus(await s3.object('PUT', elsewhere, 'copy', { headers: source }), 200);
    expectStatus(await s3.object('DELETE', bucket, key), 204);
    expectError(await read('GET', key, upload.id), 404, 'NoSuchUpload');
  }
});

test('a follower that has caught up goes on when a part is sent again, and breaks when it is another one', async () => {
  const key = freshKey();
  const upload = await MultipartUpload.begin(s3, bucket, key);
  // More than it is first made for.
  const bodies = Array.from({ length: 40 }, (_, i) => `part ${i + 1};`);
  for (const [i, body] of bodies.entries()) await upload.part(i + 1, body);
  const all = bodies.join('');
  const followers = await Promise.all([1, 2].map(() => follow(s3, objectPath(bucket, key), upload.id)));
  for (const follower of followers) await follower.until(all.length);
  await upload.part(3, 'part 3;');
  await upload.part(41, 'new');
  for (const follower of followers) await follower.until(all.length + 3);
  await upload.part(40, 'part xx;');
  for (const follower of followers) {
    await assert.rejects(follower.ended);
    assert.equal(follower.received().toString(), `${all}new`);
  }
});

test('the uploads of a key come in pages', async () => {
  const key = freshKey();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await MultipartUpload.begin(s3, bucket, key)).id);
  const listed: string[] = [];
  for (let marker = ''; listed.length < 4; marker = listed.at(-1) ?? '') {
    const query = {
      'cistern-uploads': '',
      'max-uploads': '2',
      ...(marker && { 'upload-id-marker': marker }),
    };
    const page = await s3.object('GET', bucket, key, { query });
    expectStatus(page, 200);
    const found = texts(page.text, 'UploadId');
    listed.push(...found);
    if (found.length < 2) break;
  }
  assert.deepEqual(listed, ids);
});
