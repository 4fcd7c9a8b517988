/**
 * @module Several users: a bucket belongs to its creator, and only its owner and root may touch it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectBareError, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { md5Base64, type S3, type S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';

const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'alice-secret-alice-secret-alice-secret' };
const BOB = { accessKeyId: 'BOBACCESSKEY', secretAccessKey: 'bob-secret-bob-secret-bob-secret-bob' };

const { s3: root } = await startTestServer({
  users: [
    { name: 'alice', ...ALICE },
    { name: 'bob', ...BOB },
  ],
  buckets: ['of-root', 'of-root-too'],
});
const alice = root.as(ALICE);
const bob = root.as(BOB);
const options = { skip: needsOwnServer };

if (needsOwnServer === false) {
  await alice.bucket('PUT', 'of-alice');
  await alice.put('of-alice', 'key', 'hers');
  await bob.bucket('PUT', 'of-bob');
}

async function names(s3: S3): Promise<string[]> {
  const response = await s3.send('GET', '/');
  expectStatus(response, 200);
  return elements(response.text, 'Bucket').map((entry) => text(entry, 'Name') ?? '');
}

test('an owner does everything with the bucket', options, async () => {
  assert.equal((await alice.object('GET', 'of-alice', 'key')).text, 'hers');
  await alice.put('of-alice', 'other', 'x');
  expectStatus(await alice.object('DELETE', 'of-alice', 'other'), 204);
  expectStatus(await alice.bucket('PUT', 'of-alice'), 200);
});

test('root does everything with every bucket', options, async () => {
  assert.equal((await root.object('GET', 'of-alice', 'key')).text, 'hers');
  await root.put('of-bob', 'by-root', 'x');
  assert.equal((await bob.object('GET', 'of-bob', 'by-root')).text, 'x');
});

test('another user gets 403 for everything, and changes nothing', options, async () => {
  const body = '<Delete><Object><Key>key</Key></Object></Delete>';
  const attempts: [string, Promise<S3Response>][] = [];
  await leavesUnchanged(alice, 'of-alice', async () => {
    attempts.push(
      ['GetObject', bob.object('GET', 'of-alice', 'key')],
      ['GetObject of nothing', bob.object('GET', 'of-alice', 'missing')],
      ['PutObject', bob.object('PUT', 'of-alice', 'key', { body: 'his' })],
      ['DeleteObject', bob.object('DELETE', 'of-alice', 'key')],
      [
        'DeleteObjects',
        bob.bucket('POST', 'of-alice', {
          query: 'delete',
          body,
          headers: { 'content-md5': md5Base64(body) },
        }),
      ],
      ['ListObjects', bob.bucket('GET', 'of-alice')],
      ['ListObjectsV2', bob.bucket('GET', 'of-alice', { query: 'list-type=2' })],
      ['GetBucketLocation', bob.bucket('GET', 'of-alice', { query: 'location' })],
      ['DeleteBucket', bob.bucket('DELETE', 'of-alice')],
      ['presigned', bob.object('GET', 'of-alice', 'key', { auth: 'presigned' })],
    );
    for (const [what, attempt] of attempts) {
      const response = await attempt;
      assert.deepEqual([response.status, response.errorCode], [403, 'AccessDenied'], what);
    }
    expectBareError(await bob.bucket('HEAD', 'of-alice'), 403);
    expectBareError(await bob.object('HEAD', 'of-alice', 'key'), 403);
    expectBareError(await bob.object('HEAD', 'of-alice', 'missing'), 403);
  });
});

test('nobody copies out of or into a bucket that is not theirs', options, async () => {
  await leavesUnchanged(root, 'of-bob', async () => {
    const headers = { 'x-amz-copy-source': '/of-alice/key' };
    expectError(await bob.object('PUT', 'of-bob', 'stolen', { headers }), 403, 'AccessDenied');
    const missing = { 'x-amz-copy-source': '/of-alice/missing' };
    expectError(await bob.object('PUT', 'of-bob', 'stolen', { headers: missing }), 403, 'AccessDenied');
  });
  await bob.put('of-bob', 'his', 'his');
  await leavesUnchanged(root, 'of-alice', async () => {
    const headers = { 'x-amz-copy-source': '/of-bob/his' };
    expectError(await bob.object('PUT', 'of-alice', 'planted', { headers }), 403, 'AccessDenied');
  });
});

test('a name that another user has taken is a conflict', options, async () => {
  expectError(await bob.bucket('PUT', 'of-alice'), 409, 'BucketAlreadyExists');
  expectError(await bob.bucket('PUT', 'of-root'), 409, 'BucketAlreadyExists');
  assert.equal((await alice.object('GET', 'of-alice', 'key')).text, 'hers');
});

test('users list their own buckets', options, async () => {
  assert.deepEqual(await names(alice), ['of-alice']);
  assert.deepEqual(await names(bob), ['of-bob']);
});

test('buckets made at the start belong to root', options, async () => {
  assert.ok((await names(root)).includes('of-root'));
  expectStatus(await root.bucket('HEAD', 'of-root-too'), 200);
  expectError(await alice.bucket('GET', 'of-root'), 403, 'AccessDenied');
});

test('a bucket that is gone may be taken by anyone', options, async () => {
  await alice.bucket('PUT', 'moving-house');
  expectStatus(await alice.bucket('DELETE', 'moving-house'), 204);
  expectStatus(await bob.bucket('PUT', 'moving-house'), 200);
  expectError(await alice.bucket('GET', 'moving-house'), 403, 'AccessDenied');
});

test('one user’s key with another’s secret is refused', options, async () => {
  const mixed = { accessKeyId: ALICE.accessKeyId, secretAccessKey: BOB.secretAccessKey };
  expectError(await root.as(mixed).object('GET', 'of-alice', 'key'), 403, 'SignatureDoesNotMatch');
});

test('x-amz-expected-bucket-owner is the owner that a listing names', options, async () => {
  const list = await alice.bucket('GET', 'of-alice');
  const owner = text(elements(list.text, 'Owner')[0] ?? '', 'ID') ?? '';
  const ask = (id: string) =>
    alice.bucket('GET', 'of-alice', { headers: { 'x-amz-expected-bucket-owner': id } });
  expectStatus(await ask(owner), 200);
  expectError(await ask(`${owner}x`), 403, 'AccessDenied');
});
