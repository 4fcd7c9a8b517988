/**
 * @module Forks of a bucket: a new bucket with what another one or a snapshot shows. Described in docs/snapshots.md.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import { contents, expectBareError, expectError, expectStatus } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';

const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'alice-secret-alice-secret-alice-secret' };
const BOB = { accessKeyId: 'BOBACCESSKEY', secretAccessKey: 'bob-secret-bob-secret-bob-secret-bob' };

const { s3, dataDir } = await startTestServer({
  users: [
    { name: 'alice', ...ALICE },
    { name: 'bob', ...BOB },
  ],
});
const options = { skip: needsOwnServer };

const LARGE = Buffer.alloc(300_000, 'large ');

const newName = (): string => `fork-${randomBytes(6).toString('hex')}`;

function fork(
  source: string,
  name: string,
  headers: Record<string, string> = {},
  by: S3 = s3,
): Promise<S3Response> {
  return by.bucket('PUT', name, {
    query: { 'cistern-fork': '' },
    headers: { 'x-cistern-fork-source': source, ...headers },
  });
}

async function filled(): Promise<string> {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'small', 'before', { 'x-amz-meta-color': 'red' });
  await s3.put(bucket, 'large', LARGE);
  return bucket;
}

test('a fork has the objects of its source, and none of its bytes anew', options, async () => {
  const bucket = await filled();
  const name = newName();
  const files = await dataFiles(dataDir);
  const made = await fork(bucket, name);
  expectStatus(made, 200);
  assert.equal(made.headers['location'], `/${name}`);
  assert.equal(made.body.length, 0);
  assert.deepEqual(await contents(s3, name), await contents(s3, bucket));
  for (const key of ['small', 'large']) {
    const [copy, original] = await Promise.all([s3.object('GET', name, key), s3.object('GET', bucket, key)]);
    assert.ok(copy.body.equals(original.body));
    for (const header of ['etag', 'last-modified', 'content-type', 'x-amz-meta-color']) {
      assert.equal(copy.headers[header], original.headers[header], header);
    }
  }
  assert.deepEqual(await dataFiles(dataDir), files);
  assert.ok(texts((await s3.send('GET', '/')).text, 'Name').includes(name));
});

test('source and fork are written to by themselves', options, async () => {
  const bucket = await filled();
  const name = newName();
  expectStatus(await fork(bucket, name), 200);
  await s3.put(name, 'small', 'changed');
  expectStatus(await s3.object('DELETE', bucket, 'large'), 204);
  assert.equal((await s3.object('GET', bucket, 'small')).text, 'before');
  assert.ok((await s3.object('GET', name, 'large')).body.equals(LARGE));
  expectStatus(await s3.object('DELETE', bucket, 'small'), 204);
  expectStatus(await s3.bucket('DELETE', bucket), 204);
  assert.equal((await s3.object('GET', name, 'small')).text, 'changed');
  assert.ok((await s3.object('GET', name, 'large')).body.equals(LARGE));
});

test('a snapshot is forked as it is; the fork has none itself', options, async () => {
  const bucket = await filled();
  expectStatus(await s3.bucket('PUT', bucket, { query: { 'cistern-snapshot': 'daily' } }), 200);
  await s3.put(bucket, 'small', 'after');
  await s3.put(bucket, 'new', 'x');
  const name = newName();
  expectStatus(await fork(`${bucket}--daily--snap`, name), 200);
  assert.deepEqual(await contents(s3, name), await contents(s3, `${bucket}--daily--snap`));
  assert.equal((await s3.object('GET', name, 'small')).text, 'before');
  const listed = await s3.bucket('GET', name, { query: { 'cistern-snapshots': '' } });
  assert.deepEqual(texts(listed.text, 'Name'), []);
  expectError(await fork(`${bucket}--weekly--snap`, newName()), 404, 'NoSuchBucket');
});

test('a bucket with versions is forked as it was at a time', options, async () => {
  const bucket = await s3.freshBucket();
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  expectStatus(await s3.bucket('PUT', bucket, { query: { versioning: '' }, body }), 200);
  await s3.put(bucket, 'k', 'first');
  await s3.put(bucket, 'deleted later', 'x');
  const listed = await s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
  const modified = texts(listed.text, 'LastModified').map((time) => Date.parse(time));
  const time = new Date(Math.max(...modified));
  // A second version of the same millisecond would be in it, too.
  while (Date.now() === time.getTime()) await setImmediate();
  await s3.put(bucket, 'k', 'second');
  expectStatus(await s3.object('DELETE', bucket, 'deleted later'), 204);
  const [then, now] = [newName(), newName()];
  expectStatus(await fork(bucket, then, { 'x-cistern-fork-time': time.toISOString() }), 200);
  expectStatus(await fork(bucket, now, { 'x-cistern-fork-time': new Date().toUTCString() }), 200);
  assert.equal((await s3.object('GET', then, 'k')).text, 'first');
  assert.equal((await s3.object('GET', then, 'deleted later')).text, 'x');
  assert.equal((await s3.object('GET', now, 'k')).text, 'second');
  expectError(await s3.object('GET', now, 'deleted later'), 404, 'NoSuchKey');
  const versions = await s3.bucket('GET', then, { query: { versions: '' } });
  assert.deepEqual(texts(versions.text, 'VersionId'), ['null', 'null']);
});

test('appends to a source and to its fork do not meet', options, async () => {
  const bucket = await filled();
  const name = newName();
  expectStatus(await fork(bucket, name), 200);
  for (const [where, added] of [
    [bucket, ' and more'],
    [name, ' and other'],
  ] as const) {
    const headers = { 'x-amz-write-offset-bytes': '6' };
    expectStatus(await s3.object('PUT', where, 'small', { body: added, headers }), 200);
  }
  assert.equal((await s3.object('GET', bucket, 'small')).text, 'before and more');
  assert.equal((await s3.object('GET', name, 'small')).text, 'before and other');
});

test('an object of several parts has them in the fork', options, async () => {
  const bucket = await s3.freshBucket();
  const created = await s3.object('POST', bucket, 'parts', { query: { uploads: '' } });
  const uploadId = text(created.text, 'UploadId') ?? '';
  const bodies = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('the end')];
  let document = '<CompleteMultipartUpload>';
  for (const [i, body] of bodies.entries()) {
    const query = { partNumber: String(i + 1), uploadId };
    const part = await s3.object('PUT', bucket, 'parts', { query, body });
    document += `<Part><PartNumber>${i + 1}</PartNumber><ETag>${part.headers['etag']}</ETag></Part>`;
  }
  document += '</CompleteMultipartUpload>';
  const completed = await s3.object('POST', bucket, 'parts', { query: { uploadId }, body: document });
  expectStatus(completed, 200);
  const name = newName();
  expectStatus(await fork(bucket, name), 200);
  expectStatus(await s3.object('DELETE', bucket, 'parts'), 204);
  const second = await s3.object('GET', name, 'parts', { query: { partNumber: '2' } });
  expectStatus(second, 206);
  assert.equal(second.text, 'the end');
  assert.equal(second.headers['x-amz-mp-parts-count'], '2');
});

test('an empty bucket is forked, and the fork deleted', options, async () => {
  const bucket = await s3.freshBucket();
  const name = newName();
  expectStatus(await fork(bucket, name), 200);
  assert.deepEqual(await contents(s3, name), []);
  expectStatus(await s3.bucket('DELETE', name), 204);
});

test('a fork of many objects is made to its end when its client has gone', options, async () => {
  const bucket = await s3.freshBucket();
  await Promise.all(Array.from({ length: 1200 }, (_, i) => s3.put(bucket, `k${i}`, 'x')));
  const name = newName();
  const request = s3.prepare('PUT', `/${name}`, {
    query: { 'cistern-fork': '' },
    headers: { 'x-cistern-fork-source': bucket },
  });
  const connection = await RawConnection.open(s3.endpoint);
  await connection.send(formatHead('PUT', request.target, [...request.headers, ['content-length', '0']]));
  // When this is answered the other has been read, too.
  expectStatus(await s3.bucket('HEAD', bucket), 200);
  connection.close();
  await eventually(async () => expectStatus(await s3.bucket('HEAD', name), 200));
  const listed = await s3.bucket('GET', name, { query: { 'list-type': '2', 'start-after': 'k998' } });
  assert.equal(text(listed.text, 'KeyCount'), '1');
  assert.equal((await contents(s3, name)).length, 1000);
});

test('names that are taken or not allowed', options, async () => {
  const bucket = await filled();
  expectError(await fork(bucket, bucket), 409, 'BucketAlreadyOwnedByYou');
  expectError(await fork(bucket, 'Not_A_Bucket'), 400, 'InvalidBucketName');
  expectError(await fork(bucket, `${bucket}--x--snap`), 400, 'InvalidBucketName');
  expectError(await fork('no-such-bucket-here', newName()), 404, 'NoSuchBucket');
  expectError(await fork('Not_A_Bucket', newName()), 400, 'InvalidBucketName');
});

test('what it is asked for must be said in full, and nothing else', options, async () => {
  const bucket = await filled();
  const query = { 'cistern-fork': '' };
  expectError(await s3.bucket('PUT', newName(), { query }), 400, 'InvalidRequest');
  for (const time of ['yesterday', '2026-01-31']) {
    expectError(await fork(bucket, newName(), { 'x-cistern-fork-time': time }), 400, 'InvalidArgument');
  }
  expectError(await fork(bucket, newName(), { 'x-amz-acl': 'private' }), 501, 'NotImplemented');
  const headers = { 'x-cistern-fork-source': bucket };
  const name = newName();
  expectError(await s3.bucket('PUT', name, { query, headers, body: '<x/>' }), 400, 'InvalidRequest');
  expectBareError(await s3.bucket('HEAD', name), 404);
  const unsigned: [string, string][] = [['x-cistern-fork-source', bucket]];
  expectError(await s3.bucket('PUT', newName(), { query, unsignedHeaders: unsigned }), 403, 'AccessDenied');
});

test('a time needs a bucket with versions, and no snapshot', options, async () => {
  const bucket = await filled();
  const time = { 'x-cistern-fork-time': '2026-01-31T12:00:00Z' };
  const never = await fork(bucket, newName(), time);
  expectError(never, 400, 'InvalidRequest');
  assert.match(text(never.text, 'Message') ?? '', /never had versions/);
  expectStatus(await s3.bucket('PUT', bucket, { query: { 'cistern-snapshot': 'daily' } }), 200);
  expectError(await fork(`${bucket}--daily--snap`, newName(), time), 400, 'InvalidArgument');
});

test('it belongs to who makes it, and who makes it may read the source', options, async () => {
  const [alice, bob] = [s3.as(ALICE), s3.as(BOB)];
  const bucket = await alice.freshBucket();
  await alice.put(bucket, 'k', 'v');
  expectError(await fork(bucket, newName(), {}, bob), 403, 'AccessDenied');
  const wrongOwner = { 'x-amz-source-expected-bucket-owner': 'bob' };
  expectError(await fork(bucket, newName(), wrongOwner, alice), 403, 'AccessDenied');
  const name = newName();
  expectStatus(await fork(bucket, name, {}, alice), 200);
  assert.equal((await alice.object('GET', name, 'k')).text, 'v');
  expectError(await bob.object('GET', name, 'k'), 403, 'AccessDenied');
  expectError(await fork(bucket, name, {}), 409, 'BucketAlreadyExists');
  const ofRoot = newName();
  expectStatus(await fork(bucket, ofRoot), 200);
  expectError(await alice.object('GET', ofRoot, 'k'), 403, 'AccessDenied');
  const owned = await s3.bucket('GET', ofRoot, { query: { 'list-type': '2', 'fetch-owner': 'true' } });
  assert.notEqual(text(owned.text, 'ID'), 'alice');
});
