/**
 * @module Deletes with a condition, decided in the transaction that deletes.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html; size and time are S3's for directory
 * buckets, and served for all. What is not there: 404 when its ETag is asked for, as S3 answers, and done for the others.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { history, putVersion, versionedBucket } from '../support/versions.ts';

// Two HTTP threads: what decides must be what they share.
const { s3 } = await startTestServer({ threads: 2 });
const plain = await s3.freshBucket();
const versioned = await versionedBucket(s3);

function remove(
  bucket: string,
  key: string,
  headers: Record<string, string>,
  query: Record<string, string> = {},
): Promise<S3Response> {
  return s3.object('DELETE', bucket, key, { headers, query });
}

async function conditions(bucket: string, key: string, body: string): Promise<[string, string, string][]> {
  const modified = (await s3.object('HEAD', bucket, key)).headers['last-modified'] ?? '';
  return [
    ['if-match', etagOf(body), etagOf('other')],
    ['x-amz-if-match-size', String(body.length), '7777'],
    ['x-amz-if-match-last-modified-time', modified, new Date(0).toUTCString()],
  ];
}

test('each condition, alone and with the others, decides whether an object is deleted', async () => {
  for (const bucket of [plain, versioned]) {
    const body = 'value';
    await s3.put(bucket, 'k', body);
    for (const [name, , bad] of await conditions(bucket, 'k', body)) {
      await leavesUnchanged(s3, bucket, async () => {
        const all = (await conditions(bucket, 'k', body)).map(([other, good]) => [other, good] as const);
        expectError(await remove(bucket, 'k', { [name]: bad }), 412, 'PreconditionFailed');
        const mixed = { ...Object.fromEntries(all), [name]: bad };
        expectError(await remove(bucket, 'k', mixed), 412, 'PreconditionFailed');
      });
    }
    for (const names of [[0], [1], [2], [0, 1, 2]]) {
      await s3.put(bucket, 'k', body);
      const all = await conditions(bucket, 'k', body);
      const headers = Object.fromEntries(names.map((i) => [all[i]?.[0] ?? '', all[i]?.[1] ?? '']));
      expectStatus(await remove(bucket, 'k', headers), 204);
      expectError(await s3.object('GET', bucket, 'k'), 404, 'NoSuchKey');
    }
    await s3.put(bucket, 'k', body);
    expectStatus(await remove(bucket, 'k', { 'if-match': '*' }), 204);
    await s3.put(bucket, 'k', body);
    expectStatus(await remove(bucket, 'k', { 'if-match': etagOf(body).slice(1, -1) }), 204);
  }
});

test('what is not there, or is a delete marker', async () => {
  await putVersion(s3, versioned, 'gone', 'x');
  expectStatus(await s3.object('DELETE', versioned, 'gone'), 204);
  for (const [bucket, key] of [
    [plain, 'absent'],
    [versioned, 'absent'],
    [versioned, 'gone'],
  ] as const) {
    const before = await history(s3, bucket);
    for (const etag of ['*', etagOf('x')])
      expectError(await remove(bucket, key, { 'if-match': etag }), 404, 'NoSuchKey');
    const modified = new Date(0).toUTCString();
    for (const headers of [
      { 'x-amz-if-match-size': '1' },
      { 'x-amz-if-match-last-modified-time': modified },
    ]) {
      const answer = await remove(bucket, key, headers);
      expectStatus(answer, 204);
      assert.equal(answer.headers['x-amz-delete-marker'], undefined);
    }
    assert.deepEqual(await history(s3, bucket), before);
  }
});

test('with a version id the condition is on that version', async () => {
  const old = await putVersion(s3, versioned, 'old', '1');
  const latest = await putVersion(s3, versioned, 'old', '22');
  const versionId = { versionId: old };
  const wrong = await remove(versioned, 'old', { 'if-match': etagOf('22') }, versionId);
  expectError(wrong, 412, 'PreconditionFailed');
  expectStatus(await remove(versioned, 'old', { 'if-match': etagOf('1') }, versionId), 204);
  expectError(await remove(versioned, 'old', { 'if-match': etagOf('1') }, versionId), 404, 'NoSuchVersion');
  assert.ok((await history(s3, versioned)).includes(`old ${latest} latest`));
});

test('conditions that S3 does not know for deletes, or that cannot be read, are refused', async () => {
  await s3.put(plain, 'refused', 'x');
  await leavesUnchanged(s3, plain, async () => {
    for (const name of ['if-none-match', 'if-modified-since', 'if-unmodified-since'])
      expectError(await remove(plain, 'refused', { [name]: '*' }), 501, 'NotImplemented');
    for (const name of ['x-amz-if-match-size', 'x-amz-if-match-last-modified-time'])
      expectError(await remove(plain, 'refused', { [name]: 'x' }), 400, 'InvalidArgument');
  });
});

test('of many who delete the same state one does', async () => {
  for (const bucket of [plain, versioned]) {
    await s3.put(bucket, 'raced', 'x');
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => remove(bucket, 'raced', { 'if-match': etagOf('x') })),
    );
    assert.equal(answers.filter(({ status }) => status === 204).length, 1);
    for (const answer of answers)
      if (answer.status !== 204) assert.ok([404, 412].includes(answer.status), answer.text);
  }
});
