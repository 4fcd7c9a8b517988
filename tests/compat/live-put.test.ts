/**
 * @module Writing what is read meanwhile: `PUT` with `x-cistern-live: true`, and going on with one by `?cistern-upload=ID`.
 *
 * S3 has neither: docs/live-uploads.md says what they are.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOfParts, LiveKey, uploadsOf } from '../support/live.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { md5Base64 } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const PART = 64 * 1024;
const { s3 } = await startTestServer({
  threads: 2,
  livePartBytes: PART,
  storageClasses: { STANDARD_IA: { compression: 'zstd' } },
});
const bucket = await s3.freshBucket();
let keys = 0;
const fresh = (): LiveKey => new LiveKey(s3, bucket, `put/${keys++}`);

test('a body of unknown length becomes an object, with an ETag of its parts', async () => {
  const at = fresh();
  const bytes = randomBytes(3 * PART + 1000);
  const headers = { 'content-type': 'text/x-log', 'x-amz-meta-m': 'v', 'x-amz-tagging': 'a=b' };
  const upload = await at.begin({ headers });
  // Pieces that no part ends with.
  for (let from = 0; from < bytes.length; from += 50_001)
    await upload.send(bytes.subarray(from, from + 50_001));
  const answer = await upload.end();
  const etag = etagOfParts(bytes, PART);
  const told = ['etag', 'x-cistern-upload-size', 'x-cistern-upload-state'];
  assert.deepEqual(
    told.map((name) => answer.headers.get(name)),
    [etag, String(bytes.length), 'complete'],
  );
  const object = await at.object();
  assert.ok(object.body.equals(bytes));
  assert.deepEqual(
    ['etag', 'content-type', 'x-amz-meta-m', 'x-amz-tagging-count'].map((name) => object.headers[name]),
    [etag, 'text/x-log', 'v', '1'],
  );
  const part = await s3.object('GET', bucket, at.key, { query: 'partNumber=4' });
  assert.ok(part.body.equals(bytes.subarray(3 * PART)));
});

test('a body of a known length is held to it', async () => {
  const at = fresh();
  const live = { headers: { 'x-cistern-live': 'true' }, payload: 'UNSIGNED-PAYLOAD' };
  const body = randomBytes(2 * PART);
  const put = await s3.object('PUT', bucket, at.key, { ...live, body });
  expectStatus(put, 200);
  assert.equal(put.headers['etag'], etagOfParts(body, PART));
  assert.ok((await at.object()).body.equals(body));
});

test('an empty live upload is an object of no bytes and one part', async () => {
  const at = fresh();
  const upload = await at.begin();
  const answer = await upload.end();
  assert.match(answer.headers.get('etag') ?? '', /-1"$/);
  const object = await at.object();
  assert.deepEqual([object.status, object.body.length], [200, 0]);
  expectStatus(await at.read('GET', answer.headers.get('x-cistern-upload-id') ?? ''), 200);
});

test('what a vanished client had committed stays, and another one goes on with it', async () => {
  const at = fresh();
  const bytes = randomBytes(3 * PART + 5);
  const upload = await at.begin({ headers: { 'x-amz-meta-kept': 'yes' } });
  await upload.send(bytes.subarray(0, 2 * PART + 100));
  const id = await at.upload();
  await at.committed(id, 2 * PART);
  const follower = await at.follow(id);
  upload.vanish();
  await assert.rejects(at.resume(id, 5), /InvalidWriteOffset/, 'refused before the body is asked for');
  const refused = await s3.object('PUT', bucket, at.key, {
    query: `cistern-upload=${id}`,
    headers: { 'x-amz-write-offset-bytes': '5' },
    payload: 'UNSIGNED-PAYLOAD',
    body: 'x',
  });
  expectError(refused, 400, 'InvalidWriteOffset');
  assert.equal(refused.headers['x-cistern-upload-size'], String(2 * PART));
  const resumed = await at.resume(id, 2 * PART);
  await resumed.send(bytes.subarray(2 * PART));
  const answer = await resumed.end();
  assert.equal(answer.headers.get('etag'), etagOfParts(bytes, PART));
  assert.ok((await follower.ended).equals(bytes));
  const object = await at.object();
  assert.ok(object.body.equals(bytes));
  assert.equal(object.headers['x-amz-meta-kept'], 'yes');
  const late = await s3.object('PUT', bucket, at.key, {
    query: `cistern-upload=${id}`,
    headers: { 'x-amz-write-offset-bytes': String(bytes.length) },
    payload: 'UNSIGNED-PAYLOAD',
  });
  expectError(late, 404, 'NoSuchUpload');
  assert.equal(late.headers['x-cistern-upload-state'], 'complete', 'for who has not heard of it');
});

test('of two that go on with one upload the later one is refused, and the other goes on', async () => {
  const at = fresh();
  const [a, b] = [Buffer.alloc(PART, 'a'), Buffer.alloc(PART, 'b')];
  const first = await at.begin();
  await first.send(a);
  const id = await at.upload();
  await at.committed(id, PART);
  const second = await at.resume(id, PART);
  await second.send(b);
  await at.committed(id, 2 * PART);
  await first.send(Buffer.alloc(PART, 'c'));
  const refused = await first.end(400, 'InvalidWriteOffset');
  assert.equal(refused.headers.get('x-cistern-upload-size'), String(2 * PART));
  await second.end();
  assert.ok((await at.object()).body.equals(Buffer.concat([a, b])));
});

test('who sends nothing more does not complete what another one goes on with', async () => {
  const at = fresh();
  const [a, b] = [Buffer.alloc(PART, 'a'), Buffer.alloc(PART, 'b')];
  const first = await at.begin();
  await first.send(a);
  const id = await at.upload();
  await at.committed(id, PART);
  const second = await at.resume(id, PART);
  await second.send(b);
  await at.committed(id, 2 * PART);
  await first.end(400, 'InvalidWriteOffset');
  await second.end();
  assert.ok((await at.object()).body.equals(Buffer.concat([a, b])));
});

test('an abort ends the upload of whoever still writes it', async () => {
  const at = fresh();
  const upload = await at.begin();
  await upload.send(Buffer.alloc(PART));
  const id = await at.upload();
  expectStatus(await s3.object('DELETE', bucket, at.key, { query: `uploadId=${id}` }), 204);
  await upload.send(Buffer.alloc(PART));
  await upload.end(404, 'NoSuchUpload');
  expectError(await at.object(), 404, 'NoSuchKey');
});

test('what would be known to be wrong only at the end is refused at once', async () => {
  const at = fresh();
  const live = { 'x-cistern-live': 'true' };
  const put = (headers: Record<string, string>, payload?: string) =>
    s3.object('PUT', bucket, at.key, { headers, body: 'x', ...(payload !== undefined && { payload }) });
  expectError(await put(live), 400, 'InvalidRequest');
  expectError(await put({ 'x-cistern-live': 'yes' }), 400, 'InvalidArgument');
  const md5 = { ...live, 'content-md5': md5Base64('x') };
  expectError(await put(md5, 'UNSIGNED-PAYLOAD'), 400, 'InvalidRequest');
  const append = { ...live, 'x-amz-write-offset-bytes': '0' };
  expectError(await put(append, 'UNSIGNED-PAYLOAD'), 400, 'InvalidRequest');
  expectError(await at.object(), 404, 'NoSuchKey');
  assert.deepEqual(await uploadsOf(s3, bucket, at.key), []);
});

test('a multipart upload is not gone on with this way, nor without an offset', async () => {
  const at = fresh();
  const upload = await MultipartUpload.begin(s3, bucket, at.key);
  const put = (id: string, headers: Record<string, string>, payload = 'UNSIGNED-PAYLOAD') =>
    s3.object('PUT', bucket, at.key, { query: `cistern-upload=${id}`, headers, payload, body: 'x' });
  const offset = { 'x-amz-write-offset-bytes': '0' };
  expectError(await put(upload.id, offset), 400, 'InvalidRequest');
  expectStatus(await upload.abort(), 204);
  const live = await at.begin();
  const id = (await uploadsOf(s3, bucket, at.key)).at(-1) ?? '';
  expectError(await put(id, {}), 400, 'InvalidRequest');
  expectError(
    await s3.object('PUT', bucket, at.key, { query: `cistern-upload=${id}`, headers: offset, body: 'x' }),
    400,
    'InvalidRequest',
  );
  live.vanish();
});

test('conditions are decided before the body, and again at its end', async () => {
  const at = fresh();
  const absent = { headers: { 'if-none-match': '*' } };
  const upload = await at.begin(absent);
  await upload.send(Buffer.alloc(PART));
  const id = await at.upload();
  const follower = await at.follow(id);
  await s3.put(bucket, at.key, 'first');
  await upload.end(412, 'PreconditionFailed');
  await assert.rejects(follower.ended);
  assert.equal(await at.stateOf(id), 'aborted');
  await assert.rejects(at.begin(absent), /PreconditionFailed/);
  assert.equal((await at.object()).text, 'first');
});

test('in a versioned bucket it is a version like any other', async () => {
  const versioned = await s3.freshBucket();
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', versioned, { query: 'versioning', body }), 200);
  const at = new LiveKey(s3, versioned, 'k');
  await s3.put(versioned, 'k', 'before');
  const upload = await at.begin();
  await upload.send('after');
  const answer = await upload.end();
  const version = answer.headers.get('x-amz-version-id') ?? '';
  assert.match(version, /^[0-9a-z]+$/);
  await s3.put(versioned, 'k', 'later');
  const chosen = await s3.object('GET', versioned, 'k', { query: { versionId: version } });
  assert.equal(chosen.text, 'after');
  // It is not the latest any more, and its upload is read all the same.
  assert.equal((await at.read('GET', answer.headers.get('x-cistern-upload-id') ?? '')).text, 'after');
});

test('in a class that is compressed it is read as it was sent', async () => {
  const at = fresh();
  const bytes = Buffer.concat([
    Buffer.alloc(2 * PART, 'so much of one '),
    randomBytes(PART),
    Buffer.from('end'),
  ]);
  const upload = await at.begin({ headers: { 'x-amz-storage-class': 'STANDARD_IA' } });
  await upload.send(bytes);
  const id = await at.upload();
  const follower = await at.follow(id, { range: 'bytes=7-' });
  await at.committed(id, 3 * PART);
  const part = await at.read('GET', id, { range: `bytes=${PART + 1}-${3 * PART - 1}` });
  assert.ok(part.body.equals(bytes.subarray(PART + 1, 3 * PART)));
  await upload.end();
  assert.ok((await follower.ended).equals(bytes.subarray(7)));
  const object = await at.object();
  assert.ok(object.body.equals(bytes));
  assert.equal(object.headers['x-amz-storage-class'], 'STANDARD_IA');
});

test('after 1,000 parts they are twice as long', async () => {
  const at = fresh();
  const upload = await at.begin();
  const block = randomBytes(10 * PART);
  for (let i = 0; i < 100; i++) await upload.send(block);
  await upload.send(Buffer.concat([block.subarray(0, 3 * PART), Buffer.from('end')]));
  await upload.end();
  const head = (part: number) => s3.object('HEAD', bucket, at.key, { query: `partNumber=${part}` });
  const last = await head(1002);
  assert.deepEqual(
    [(await head(1000)).headers['content-length'], (await head(1001)).headers['content-length']],
    [String(PART), String(2 * PART)],
  );
  assert.deepEqual(
    [last.headers['content-length'], last.headers['x-amz-mp-parts-count']],
    [String(PART + 3), '1002'],
  );
});

test('a checksum in a header is compared at the end, and kept', async () => {
  const at = fresh();
  const sum = 'x-amz-checksum-sha256';
  const right = { [sum]: 'ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=' };
  const first = await at.begin({ headers: right });
  await first.send('a');
  const answer = await first.end();
  assert.equal(answer.headers.get(sum), right[sum]);
  const read = await s3.object('HEAD', bucket, at.key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  assert.equal(read.headers[sum], right[sum]);
  const wrong = fresh();
  await leavesUnchanged(s3, bucket, async () => {
    const second = await wrong.begin({ headers: right });
    await second.send('b');
    await second.end(400, 'BadDigest');
  });
  assert.equal(
    text((await s3.object('GET', bucket, wrong.key, { query: 'cistern-uploads' })).text, 'State'),
    'aborted',
  );
});

test('what goes on from the beginning with another checksum leaves the object without one', async () => {
  const at = fresh();
  const begun = await at.begin({ headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
  const id = await at.upload();
  begun.vanish();
  const sha256 = createHash('sha256').update('x').digest('base64');
  const resumed = await s3.object('PUT', bucket, at.key, {
    query: `cistern-upload=${id}`,
    headers: { 'x-amz-write-offset-bytes': '0', 'x-amz-checksum-sha256': sha256 },
    payload: 'UNSIGNED-PAYLOAD',
    body: 'x',
  });
  expectStatus(resumed, 200);
  const head = await s3.object('HEAD', bucket, at.key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
  expectStatus(head, 200);
  const told = Object.keys(head.headers).filter((name) => name.startsWith('x-amz-checksum'));
  assert.deepEqual(told, []);
});
