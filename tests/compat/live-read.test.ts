/**
 * @module What has come of an upload so far: `GET|HEAD key?cistern-upload=ID`, and `GET key?cistern-uploads`.
 *
 * S3 has neither: docs/live-uploads.md says what they are.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { etagOfParts, LiveKey } from '../support/live.ts';
import type { LiveUpload } from '../support/live.ts';
import { MultipartUpload, PART_BYTES, partBytes } from '../support/multipart.ts';
import { startTestServer } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const PART = 64 * 1024;
const ALICE = { name: 'alice', accessKeyId: 'alice', secretAccessKey: 'alice-secret-key' };
const { s3 } = await startTestServer({ threads: 2, livePartBytes: PART, users: [ALICE] });
const bucket = await s3.freshBucket();
let keys = 0;
const fresh = (): LiveKey => new LiveKey(s3, bucket, `read/${keys++}`);

/** A live upload of which two parts can be read. */
async function twoParts(
  at: LiveKey,
  headers: Record<string, string> = {},
): Promise<{ upload: LiveUpload; id: string; prefix: Buffer }> {
  const prefix = randomBytes(2 * PART);
  const upload = await at.begin({ headers });
  await upload.send(Buffer.concat([prefix, Buffer.from('more')]));
  const id = await at.upload();
  await at.committed(id, 2 * PART);
  return { upload, id, prefix };
}

test('what has come is read whole and by range, with an ETag of its own', async () => {
  const at = fresh();
  const { upload, id, prefix } = await twoParts(at, { 'content-type': 'text/x-log', 'x-amz-meta-m': 'v' });
  const got = await at.read('GET', id);
  expectStatus(got, 200);
  assert.ok(got.body.equals(prefix));
  const { headers } = got;
  assert.deepEqual(
    [headers['content-type'], headers['x-amz-meta-m'], headers['accept-ranges'], headers['content-length']],
    ['text/x-log', 'v', 'bytes', String(2 * PART)],
  );
  assert.deepEqual(
    ['id', 'size', 'state'].map((name) => headers[`x-cistern-upload-${name}`]),
    [id, String(2 * PART), 'open'],
  );
  assert.equal(headers['etag'], etagOfParts(prefix, PART));
  const head = await at.read('HEAD', id);
  assert.deepEqual(
    [head.headers['content-length'], head.headers['etag']],
    [String(2 * PART), headers['etag']],
  );
  const range = await at.read('GET', id, { range: `bytes=${PART - 3}-${PART + 3}` });
  expectStatus(range, 206);
  assert.ok(range.body.equals(prefix.subarray(PART - 3, PART + 4)));
  assert.equal(range.headers['content-range'], `bytes ${PART - 3}-${PART + 3}/${2 * PART}`);
  const suffix = await at.read('GET', id, { range: 'bytes=-5' });
  assert.ok(suffix.body.equals(prefix.subarray(-5)));
  expectError(await at.read('GET', id, { range: `bytes=${2 * PART}-` }), 416, 'InvalidRange');
  upload.vanish();
});

test('conditions hold of the ETag so far', async () => {
  const at = fresh();
  const { upload, id, prefix } = await twoParts(at);
  const etag = etagOfParts(prefix, PART);
  expectStatus(await at.read('GET', id, { 'if-none-match': etag }), 304);
  expectStatus(await at.read('GET', id, { 'if-match': etag }), 200);
  expectError(await at.read('GET', id, { 'if-match': '"other"' }), 412, 'PreconditionFailed');
  await upload.send(Buffer.alloc(PART));
  await at.committed(id, 3 * PART);
  expectStatus(await at.read('GET', id, { 'if-none-match': etag }), 200);
  upload.vanish();
});

test('a range is heeded only of the bytes that the reader has seen before', async () => {
  const at = fresh();
  const { upload, id, prefix } = await twoParts(at);
  const asked = { range: 'bytes=10-19', 'if-range': etagOfParts(prefix, PART) };
  expectStatus(await at.read('GET', id, asked), 206);
  expectStatus(await at.read('HEAD', id, asked), 206);
  await upload.send(Buffer.alloc(PART));
  await at.committed(id, 3 * PART);
  const whole = await at.read('GET', id, asked);
  expectStatus(whole, 200);
  assert.equal(whole.body.length, 3 * PART);
  expectStatus(await at.read('HEAD', id, asked), 200);
  const follower = await at.follow(id, asked);
  assert.equal(follower.status, 200);
  follower.destroy();
  upload.vanish();
});

test('the key itself shows nothing until the end, and then both show the same', async () => {
  const at = fresh();
  const { upload, id, prefix } = await twoParts(at);
  expectError(await at.object(), 404, 'NoSuchKey');
  await upload.end();
  const bytes = Buffer.concat([prefix, Buffer.from('more')]);
  const object = await at.object();
  const read = await at.read('GET', id);
  assert.ok(object.body.equals(bytes));
  assert.ok(read.body.equals(bytes));
  assert.equal(read.headers['etag'], object.headers['etag']);
  assert.equal(read.headers['x-cistern-upload-state'], 'complete');
});

test('a multipart upload is read up to the first part that is missing', async () => {
  const at = fresh();
  const upload = await MultipartUpload.begin(s3, bucket, at.key);
  const empty = await at.read('GET', upload.id);
  expectStatus(empty, 200);
  assert.equal(empty.body.length, 0);
  const [one, two, three] = [partBytes(), partBytes(), randomBytes(10)];
  await upload.part(3, three);
  await upload.part(1, one);
  assert.ok((await at.read('GET', upload.id)).body.equals(one));
  await upload.part(2, two);
  assert.ok((await at.read('GET', upload.id)).body.equals(Buffer.concat([one, two, three])));
  expectStatus(await upload.abort(), 204);
});

test('an upload is read under its own key and bucket only, by who may read them, and not in a snapshot', async () => {
  const at = fresh();
  const { upload, id } = await twoParts(at);
  const other = new LiveKey(s3, bucket, 'read/other');
  expectError(await other.read('GET', id), 404, 'NoSuchUpload');
  expectError(await new LiveKey(s3, await s3.freshBucket(), at.key).read('GET', id), 404, 'NoSuchUpload');
  expectError(await at.read('GET', 'nonsense'), 404, 'NoSuchUpload');
  const alice = s3.as(ALICE);
  for (const query of [`cistern-upload=${id}`, 'cistern-uploads'])
    expectError(await alice.object('GET', bucket, at.key, { query }), 403, 'AccessDenied');
  expectStatus(await s3.bucket('PUT', bucket, { query: 'cistern-snapshot=now' }), 200);
  const snapshot = new LiveKey(s3, `${bucket}--now--snap`, at.key);
  expectError(await snapshot.read('GET', id), 405, 'MethodNotAllowed');
  expectStatus(await s3.bucket('DELETE', bucket, { query: 'cistern-snapshot=now' }), 204);
  upload.vanish();
});

test('an upload that has ended says how, when there is nothing to read any more', async () => {
  const aborted = fresh();
  const first = await twoParts(aborted);
  expectStatus(await s3.object('DELETE', bucket, aborted.key, { query: `uploadId=${first.id}` }), 204);
  const gone = await aborted.read('GET', first.id);
  expectError(gone, 404, 'NoSuchUpload');
  assert.equal(gone.headers['x-cistern-upload-state'], 'aborted');
  assert.equal(await aborted.stateOf(first.id), 'aborted');
  first.upload.vanish();
});

test('who deletes the object takes it from the readers of its upload, whoever shares its bytes', async () => {
  const at = fresh();
  const { upload, id } = await twoParts(at);
  await upload.end();
  const source = { 'x-amz-copy-source': `${bucket}/${at.key}` };
  expectStatus(await s3.object('PUT', bucket, 'read/copy', { headers: source }), 200);
  expectStatus(await s3.object('DELETE', bucket, at.key), 204);
  const gone = await at.read('GET', id);
  expectError(gone, 404, 'NoSuchUpload');
  assert.equal(gone.headers['x-cistern-upload-state'], 'complete');
});

test('what was appended to the object later is none of the upload', async () => {
  const at = fresh();
  const { upload, id, prefix } = await twoParts(at);
  await upload.end();
  const size = 2 * PART + 4;
  const headers = { 'x-amz-write-offset-bytes': String(size) };
  expectStatus(await s3.object('PUT', bucket, at.key, { body: 'appended', headers }), 200);
  const read = await at.read('GET', id);
  assert.ok(read.body.equals(Buffer.concat([prefix, Buffer.from('more')])));
});

test('a class that is archived is so for the readers of an upload, too, from its end on', async () => {
  const at = fresh();
  const { upload, id } = await twoParts(at, { 'x-amz-storage-class': 'GLACIER' });
  expectStatus(await at.read('GET', id), 200);
  await upload.end();
  expectError(await at.read('GET', id), 403, 'InvalidObjectState');
  expectError(await at.read('GET', id, { 'x-cistern-follow': 'true' }), 403, 'InvalidObjectState');
  expectStatus(await at.read('HEAD', id), 200);
  const body = '<RestoreRequest><Days>1</Days></RestoreRequest>';
  expectStatus(await s3.object('POST', bucket, at.key, { query: 'restore', body }), 202);
  expectStatus(await at.read('GET', id), 200);
});

test('the uploads of a key are listed, those that have ended too, with what can be read of each', async () => {
  const at = fresh();
  const one = await twoParts(at);
  await one.upload.end();
  const two = await MultipartUpload.begin(s3, bucket, at.key);
  await two.part(1, partBytes());
  await two.part(3, 'after a gap');
  const three = await MultipartUpload.begin(s3, bucket, at.key);
  expectStatus(await three.abort(), 204);
  const list = async (query: string): Promise<string[][]> => {
    const listed = await s3.object('GET', bucket, at.key, { query });
    expectStatus(listed, 200);
    return ['UploadId', 'State', 'Size', 'Live'].map((name) => texts(listed.text, name));
  };
  assert.deepEqual(await list('cistern-uploads'), [
    [one.id, two.id, three.id],
    ['complete', 'open', 'aborted'],
    [String(2 * PART + 4), String(PART_BYTES), '0'],
    ['true', 'false', 'false'],
  ]);
  const page = await list(`cistern-uploads=&max-uploads=1&upload-id-marker=${one.id}`);
  assert.deepEqual(page[0], [two.id]);
  // S3's own listing has those that are open.
  const open = await s3.bucket('GET', bucket, { query: { uploads: '', prefix: at.key } });
  assert.deepEqual(texts(open.text, 'UploadId'), [two.id], open.text);
});

test('following is asked for by GET, with the value true, and is signed', async () => {
  const at = fresh();
  const { upload, id } = await twoParts(at);
  expectStatus(await at.read('HEAD', id, { 'x-cistern-follow': 'true' }), 501);
  expectError(await at.read('GET', id, { 'x-cistern-follow': 'yes' }), 400, 'InvalidArgument');
  const unsigned = await s3.object('GET', bucket, at.key, {
    query: `cistern-upload=${id}`,
    unsignedHeaders: [['x-cistern-follow', 'true']],
  });
  expectError(unsigned, 403, 'AccessDenied');
  expectError(
    await s3.object('GET', bucket, at.key, { headers: { 'x-cistern-follow': 'true' } }),
    501,
    'NotImplemented',
  );
  upload.vanish();
});
