/**
 * @module Snapshots of a bucket: made, listed and deleted by operations of ours, and read as a bucket of their own by
 * S3's. Described in docs/snapshots.md.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contents, expectBareError, expectError, expectStatus } from '../support/expect.ts';
import { etagOf, md5Base64 } from '../support/s3.ts';
import type { S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { elements, text, texts } from '../support/xml.ts';

const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'alice-secret-alice-secret-alice-secret' };
const BOB = { accessKeyId: 'BOBACCESSKEY', secretAccessKey: 'bob-secret-bob-secret-bob-secret-bob' };

const { s3 } = await startTestServer({
  users: [
    { name: 'alice', ...ALICE },
    { name: 'bob', ...BOB },
  ],
});
const options = { skip: needsOwnServer };

/** More than is kept in the catalog itself. */
const LARGE = Buffer.alloc(300_000, 'large ');

const create = (bucket: string, name: string): Promise<S3Response> =>
  s3.bucket('PUT', bucket, { query: { 'cistern-snapshot': name } });
const remove = (bucket: string, name: string): Promise<S3Response> =>
  s3.bucket('DELETE', bucket, { query: { 'cistern-snapshot': name } });
const list = (bucket: string): Promise<S3Response> =>
  s3.bucket('GET', bucket, { query: { 'cistern-snapshots': '' } });

/** A bucket with a snapshot `daily` of three objects, which are others or gone since. */
async function snapshotted(): Promise<{ bucket: string; snapshot: string }> {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'a/small', 'before', { 'content-type': 'text/plain', 'x-amz-meta-color': 'red' });
  await s3.put(bucket, 'a/large', LARGE);
  await s3.put(bucket, 'b', 'deleted later');
  expectStatus(await create(bucket, 'daily'), 200);
  await s3.put(bucket, 'a/small', 'after');
  await s3.put(bucket, 'a/large', 'small now');
  await s3.put(bucket, 'c', 'new');
  expectStatus(await s3.object('DELETE', bucket, 'b'), 204);
  return { bucket, snapshot: `${bucket}--daily--snap` };
}

test('a snapshot is made, listed with the name that it is read as, and deleted', options, async () => {
  const bucket = await s3.freshBucket();
  const empty = await list(bucket);
  expectStatus(empty, 200);
  assert.deepEqual(elements(empty.text, 'Snapshot'), []);
  for (const name of ['weekly', 'before-v2.1']) {
    const made = await create(bucket, name);
    expectStatus(made, 200);
    assert.match(made.headers['content-type'] ?? '', /^application\/xml/);
    assert.equal(text(made.text, 'Name'), name);
    assert.equal(text(made.text, 'ReadAs'), `${bucket}--${name}--snap`);
    assert.ok(Math.abs(Date.parse(text(made.text, 'CreationDate') ?? '') - Date.now()) < 60_000);
  }
  const listed = await list(bucket);
  assert.equal(text(listed.text, 'Bucket'), bucket);
  assert.deepEqual(texts(listed.text, 'ReadAs'), [`${bucket}--before-v2.1--snap`, `${bucket}--weekly--snap`]);
  expectStatus(await remove(bucket, 'weekly'), 204);
  expectError(await remove(bucket, 'weekly'), 404, 'NoSuchSnapshot');
  assert.deepEqual(texts((await list(bucket)).text, 'Name'), ['before-v2.1']);
  expectError(await s3.object('GET', `${bucket}--weekly--snap`, 'k'), 404, 'NoSuchBucket');
});

test('its objects are read as they were: bytes, headers, ranges and conditions', options, async () => {
  const { bucket, snapshot } = await snapshotted();
  const small = await s3.object('GET', snapshot, 'a/small');
  expectStatus(small, 200);
  assert.equal(small.text, 'before');
  assert.equal(small.headers['etag'], etagOf('before'));
  assert.equal(small.headers['content-type'], 'text/plain');
  assert.equal(small.headers['x-amz-meta-color'], 'red');
  const large = await s3.object('GET', snapshot, 'a/large');
  assert.ok(large.body.equals(LARGE));
  const ranged = await s3.object('GET', snapshot, 'a/large', { headers: { range: 'bytes=6-10' } });
  expectStatus(ranged, 206);
  assert.equal(ranged.text, 'large');
  const head = await s3.object('HEAD', snapshot, 'b');
  expectStatus(head, 200);
  assert.equal(head.headers['content-length'], '13');
  expectBareError(await s3.object('HEAD', bucket, 'b'), 404);
  const fresh = { 'if-none-match': etagOf('before') };
  expectStatus(await s3.object('GET', snapshot, 'a/small', { headers: fresh }), 304);
  const other = { 'if-match': etagOf('after') };
  expectError(await s3.object('GET', snapshot, 'a/small', { headers: other }), 412, 'PreconditionFailed');
  expectError(await s3.object('GET', snapshot, 'c'), 404, 'NoSuchKey');
  expectStatus(await s3.object('GET', snapshot, 'b', { auth: 'presigned' }), 200);
});

test('it is listed as it was, in both versions of the listing, by prefix and in pages', options, async () => {
  const { bucket, snapshot } = await snapshotted();
  const etags = { small: etagOf('before'), large: etagOf(LARGE), b: etagOf('deleted later') };
  assert.deepEqual(await contents(s3, snapshot), [
    `a/large ${etags.large} 300000`,
    `a/small ${etags.small} 6`,
    `b ${etags.b} 13`,
  ]);
  assert.equal((await contents(s3, bucket)).length, 3);
  const grouped = await s3.bucket('GET', snapshot, { query: { delimiter: '/' } });
  assert.equal(text(grouped.text, 'Name'), snapshot);
  assert.deepEqual(texts(grouped.text, 'Key'), ['b']);
  assert.deepEqual(texts(elements(grouped.text, 'CommonPrefixes').join(''), 'Prefix'), ['a/']);
  const query = { 'list-type': '2', 'max-keys': '1', prefix: 'a/' };
  const first = await s3.bucket('GET', snapshot, { query });
  assert.deepEqual(texts(first.text, 'Key'), ['a/large']);
  const token = text(first.text, 'NextContinuationToken') ?? '';
  const second = await s3.bucket('GET', snapshot, { query: { ...query, 'continuation-token': token } });
  assert.deepEqual(texts(second.text, 'Key'), ['a/small']);
  assert.equal(text(second.text, 'IsTruncated'), 'false');
});

test('it answers as a bucket does, and is not among the buckets', options, async () => {
  const { bucket, snapshot } = await snapshotted();
  const head = await s3.bucket('HEAD', snapshot);
  expectStatus(head, 200);
  assert.equal(head.headers['x-amz-bucket-region'], s3.region);
  expectStatus(await s3.bucket('GET', snapshot, { query: { location: '' } }), 200);
  const names = texts((await s3.send('GET', '/')).text, 'Name');
  assert.ok(names.includes(bucket) && !names.includes(snapshot));
});

test('what it shows is copied back, onto the same key, too', options, async () => {
  const { bucket, snapshot } = await snapshotted();
  for (const key of ['a/small', 'a/large', 'b']) {
    const headers = { 'x-amz-copy-source': `${snapshot}/${key}` };
    expectStatus(await s3.object('PUT', bucket, key, { headers }), 200);
  }
  assert.equal((await s3.object('GET', bucket, 'a/small')).text, 'before');
  assert.ok((await s3.object('GET', bucket, 'a/large')).body.equals(LARGE));
  assert.equal((await s3.object('GET', bucket, 'a/small')).headers['x-amz-meta-color'], 'red');
  const computed = { 'x-amz-copy-source': `${snapshot}/a/large`, 'x-amz-checksum-algorithm': 'CRC32' };
  const copied = await s3.object('PUT', bucket, 'with-checksum', { headers: computed });
  expectStatus(copied, 200);
  assert.ok(text(copied.text, 'ChecksumCRC32'));
  const absent = { 'x-amz-copy-source': `${snapshot}/c` };
  expectError(await s3.object('PUT', bucket, 'x', { headers: absent }), 404, 'NoSuchKey');
});

test('of a bucket with versions it shows the latest, by its id, too', options, async () => {
  const bucket = await s3.freshBucket();
  const body =
    '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', bucket, { query: { versioning: '' }, body }), 200);
  const put = async (content: string): Promise<string> => {
    const response = await s3.object('PUT', bucket, 'k', { body: content });
    return response.headers['x-amz-version-id'] ?? '';
  };
  const [first, second] = [await put('first'), await put('second')];
  await s3.put(bucket, 'deleted', 'x');
  expectStatus(await s3.object('DELETE', bucket, 'deleted'), 204);
  expectStatus(await create(bucket, 'daily'), 200);
  await put('third');
  const query = { versionId: second };
  expectStatus(await s3.object('DELETE', bucket, 'k', { query }), 204);
  const snapshot = `${bucket}--daily--snap`;
  const read = await s3.object('GET', snapshot, 'k');
  assert.equal(read.text, 'second');
  assert.equal(read.headers['x-amz-version-id'], second);
  assert.equal((await s3.object('GET', snapshot, 'k', { query })).text, 'second');
  expectError(await s3.object('GET', snapshot, 'k', { query: { versionId: first } }), 404, 'NoSuchVersion');
  expectError(await s3.object('GET', bucket, 'k', { query }), 404, 'NoSuchVersion');
  const gone = await s3.object('GET', snapshot, 'deleted');
  expectError(gone, 404, 'NoSuchKey');
  const headers = { 'x-amz-copy-source': `${snapshot}/k?versionId=${second}` };
  expectStatus(await s3.object('PUT', bucket, 'k', { headers }), 200);
  assert.equal((await s3.object('GET', bucket, 'k')).text, 'second');
});

test('its tags are those of then', options, async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'k', 'v', { 'x-amz-tagging': 'stage=draft' });
  expectStatus(await create(bucket, 'daily'), 200);
  const query = { tagging: '' };
  const body = '<Tagging><TagSet><Tag><Key>stage</Key><Value>final</Value></Tag></TagSet></Tagging>';
  expectStatus(await s3.object('PUT', bucket, 'k', { query, body }), 200);
  const snapshot = `${bucket}--daily--snap`;
  assert.equal(text((await s3.object('GET', bucket, 'k', { query })).text, 'Value'), 'final');
  assert.equal(text((await s3.object('GET', snapshot, 'k', { query })).text, 'Value'), 'draft');
  expectError(await s3.object('PUT', snapshot, 'k', { query, body }), 405, 'MethodNotAllowed');
  expectError(await s3.object('DELETE', snapshot, 'k', { query }), 405, 'MethodNotAllowed');
});

test('nothing is written to it', options, async () => {
  const { bucket, snapshot } = await snapshotted();
  const before = await contents(s3, snapshot);
  const document = '<Delete><Object><Key>b</Key></Object></Delete>';
  const headers = { 'content-md5': md5Base64(document) };
  const answers = await Promise.all([
    s3.object('PUT', snapshot, 'k', { body: 'x' }),
    s3.object('PUT', snapshot, 'k', { headers: { 'x-amz-copy-source': `${bucket}/c` } }),
    s3.object('DELETE', snapshot, 'b'),
    s3.bucket('POST', snapshot, { query: { delete: '' }, body: document, headers }),
    s3.object('POST', snapshot, 'k', { query: { uploads: '' } }),
    s3.bucket('PUT', snapshot, { query: { versioning: '' }, body: '<VersioningConfiguration/>' }),
    s3.bucket('DELETE', snapshot),
    create(snapshot, 'again'),
    remove(snapshot, 'daily'),
    list(snapshot),
    s3.bucket('GET', snapshot, { query: { versions: '' } }),
  ]);
  for (const answer of answers) {
    expectError(answer, 405, 'MethodNotAllowed');
    assert.match(text(answer.text, 'Message') ?? '', /is a snapshot: it is read-only/);
  }
  assert.deepEqual(await contents(s3, snapshot), before);
});

test('names that it cannot have, and buckets that cannot have its name', options, async () => {
  const bucket = await s3.freshBucket();
  for (const name of ['', 'Daily', 'a--b', '-a', 'a-', 'a_b', 'x'.repeat(41)]) {
    expectError(await create(bucket, name), 400, 'InvalidArgument');
    expectError(await remove(bucket, name), 400, 'InvalidArgument');
  }
  expectStatus(await create(bucket, 'x'.repeat(40)), 200);
  expectError(await create(bucket, 'x'.repeat(40)), 409, 'SnapshotAlreadyExists');
  expectError(await s3.bucket('PUT', `${bucket}--y--snap`), 400, 'InvalidBucketName');
  expectError(await s3.bucket('PUT', 'photos--snap'), 400, 'InvalidBucketName');
  expectBareError(await s3.bucket('HEAD', `${bucket}--Y--snap`), 400);
  expectError(await s3.bucket('GET', `${bucket}--y--snap`), 404, 'NoSuchBucket');
  expectError(await create('no-such-bucket-here', 'daily'), 404, 'NoSuchBucket');
});

test('the longest name of a bucket with the longest of a snapshot is read', options, async () => {
  const bucket = `b${'x'.repeat(62)}`;
  expectStatus(await s3.bucket('PUT', bucket), 200);
  await s3.put(bucket, 'k', 'v');
  const name = 's'.repeat(40);
  expectStatus(await create(bucket, name), 200);
  assert.equal((await s3.object('GET', `${bucket}--${name}--snap`, 'k')).text, 'v');
});

test('a bucket that has snapshots is not deleted, and the answer names them', options, async () => {
  const { bucket } = await snapshotted();
  for (const key of ['a/small', 'a/large', 'c']) expectStatus(await s3.object('DELETE', bucket, key), 204);
  const refused = await s3.bucket('DELETE', bucket);
  expectError(refused, 409, 'BucketNotEmpty');
  assert.match(text(refused.text, 'Message') ?? '', /has snapshots: daily\. Delete them first/);
  expectStatus(await remove(bucket, 'daily'), 204);
  expectStatus(await s3.bucket('DELETE', bucket), 204);
});

test('it belongs to whom its bucket belongs to', options, async () => {
  const [alice, bob] = [s3.as(ALICE), s3.as(BOB)];
  const bucket = await alice.freshBucket();
  await alice.put(bucket, 'k', 'v');
  const query = { 'cistern-snapshot': 'daily' };
  expectError(await bob.bucket('PUT', bucket, { query }), 403, 'AccessDenied');
  expectStatus(await alice.bucket('PUT', bucket, { query }), 200);
  const snapshot = `${bucket}--daily--snap`;
  assert.equal((await alice.object('GET', snapshot, 'k')).text, 'v');
  assert.equal((await s3.object('GET', snapshot, 'k')).text, 'v');
  expectError(await bob.object('GET', snapshot, 'k'), 403, 'AccessDenied');
  expectError(await bob.bucket('GET', bucket, { query: { 'cistern-snapshots': '' } }), 403, 'AccessDenied');
  expectError(await bob.bucket('DELETE', bucket, { query }), 403, 'AccessDenied');
  expectError(await s3.object('GET', snapshot, 'k', { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': 'bob' };
  expectError(await alice.object('GET', snapshot, 'k', { headers }), 403, 'AccessDenied');
});

test('what the operations do not know is refused', options, async () => {
  const bucket = await s3.freshBucket();
  const query = { 'cistern-snapshot': 'daily' };
  expectError(await s3.bucket('PUT', bucket, { query, body: '<x/>' }), 400, 'InvalidRequest');
  const headers = { 'x-amz-acl': 'private' };
  expectError(await s3.bucket('PUT', bucket, { query, headers }), 501, 'NotImplemented');
  expectError(await s3.bucket('PUT', bucket, { query: { ...query, also: '1' } }), 501, 'NotImplemented');
  expectError(await s3.bucket('POST', bucket, { query }), 405, 'MethodNotAllowed');
  assert.deepEqual(texts((await list(bucket)).text, 'Name'), []);
});
