/**
 * @module RenameObject, as S3 Express One Zone defines it, in any bucket without versions.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { contents, expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

// Two HTTP threads: what decides must be what they share.
const { s3 } = await startTestServer({ threads: 2 });

/** Renames in a bucket. `source` is the header's value. */
function rename(
  bucket: string,
  source: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<S3Response> {
  return s3.object('PUT', bucket, key, {
    query: { renameObject: '' },
    headers: { 'x-amz-rename-source': source, ...headers },
  });
}

test('bytes, ETag, date, metadata, tags and checksum go with it, and the answer is empty', async () => {
  const bucket = await s3.freshBucket();
  const body = randomBytes(200_000);
  await s3.put(bucket, 'a', body, {
    'content-type': 'text/plain',
    'x-amz-meta-note': 'kept',
    'x-amz-tagging': 'b=2',
    'x-amz-checksum-sha256': createHash('sha256').update(body).digest('base64'),
  });
  const mode = { headers: { 'x-amz-checksum-mode': 'ENABLED' } };
  const before = await s3.object('GET', bucket, 'a', mode);
  const answer = await rename(bucket, 'a', 'b');
  expectStatus(answer, 200);
  assert.equal(answer.body.length, 0);
  expectError(await s3.object('GET', bucket, 'a'), 404, 'NoSuchKey');
  const after = await s3.object('GET', bucket, 'b', mode);
  assert.ok(after.body.equals(body));
  const told = ({ headers }: S3Response): unknown => {
    const { date: _, 'x-amz-request-id': __, 'x-amz-id-2': ___, ...rest } = headers;
    return rest;
  };
  assert.deepEqual(told(after), told(before));
  assert.equal((await contents(s3, bucket)).length, 1);
});

test('it replaces what is at the destination, and does nothing to its own key', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'a', 'new');
  await s3.put(bucket, 'b', 'old');
  expectStatus(await rename(bucket, '/a', 'b'), 200);
  assert.deepEqual(await contents(s3, bucket), [`b ${etagOf('new')} 3`]);
  expectStatus(await rename(bucket, 'b', 'b'), 200);
  assert.deepEqual(await contents(s3, bucket), [`b ${etagOf('new')} 3`]);
});

test('keys with every kind of character', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'from', 'bytes');
  let at = 'from';
  for (const key of ['a b', 'a+b', 'ü/é', '%2F', '/leading', 'x&y=z?', '😀', `${bucket}/from`]) {
    expectStatus(await rename(bucket, `/${encodeURIComponent(at)}`, key), 200);
    assert.equal((await s3.object('GET', bucket, key)).text, 'bytes');
    at = key;
  }
  assert.equal((await contents(s3, bucket)).length, 1);
});

test('an object that was appended to is renamed, and appended to again', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'log', 'one ');
  const append = (key: string, offset: number, body: string): Promise<S3Response> =>
    s3.object('PUT', bucket, key, { body, headers: { 'x-amz-write-offset-bytes': String(offset) } });
  expectStatus(await append('log', 4, 'two '), 200);
  expectStatus(await rename(bucket, 'log', 'log.1'), 200);
  expectStatus(await append('log.1', 8, 'three'), 200);
  expectStatus(await append('log', 0, 'fresh'), 200);
  assert.equal((await s3.object('GET', bucket, 'log.1')).text, 'one two three');
  assert.equal((await s3.object('GET', bucket, 'log')).text, 'fresh');
});

test('what is refused: no source, keys that end with a slash, a body, a bucket with versions', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'a', 'bytes');
  await s3.put(bucket, 'folder/', '');
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await rename(bucket, 'absent', 'b'), 404, 'NoSuchKey');
    expectError(await rename(bucket, '', 'b'), 400, 'InvalidArgument');
    expectError(await rename(bucket, 'folder/', 'b'), 400, 'InvalidRequest');
    expectError(await rename(bucket, 'a', 'b/'), 400, 'InvalidRequest');
    expectError(await rename(`${bucket}-absent`, 'a', 'b'), 404, 'NoSuchBucket');
    const query = { renameObject: '' };
    const headers = { 'x-amz-rename-source': 'a' };
    expectError(await s3.object('PUT', bucket, 'b', { query, headers, body: 'x' }), 400, 'InvalidRequest');
    for (const status of ['Enabled', 'Suspended']) {
      const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
      expectStatus(await s3.bucket('PUT', bucket, { query: { versioning: '' }, body }), 200);
      expectError(await rename(bucket, 'a', 'b'), 400, 'InvalidRequest');
    }
  });
});

test('conditions on source and destination: 412, and nothing is changed', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'a', 'source');
  await s3.put(bucket, 'b', 'destination');
  const [source, destination] = [etagOf('source'), etagOf('destination')];
  const past = new Date(0).toUTCString();
  await leavesUnchanged(s3, bucket, async () => {
    for (const [key, headers] of [
      ['b', { 'x-amz-rename-source-if-match': destination }],
      ['b', { 'x-amz-rename-source-if-none-match': source }],
      ['b', { 'x-amz-rename-source-if-unmodified-since': past }],
      ['b', { 'if-match': source }],
      ['b', { 'if-none-match': '*' }],
      ['b', { 'if-unmodified-since': past }],
      ['c', { 'if-match': destination }],
      ['c', { 'if-modified-since': past }],
    ] as const) {
      expectError(await rename(bucket, 'a', key, headers), 412, 'PreconditionFailed');
    }
    expectError(await rename(bucket, 'a', 'b', { 'if-none-match': destination }), 501, 'NotImplemented');
    expectError(await rename(bucket, 'a', 'b', { 'if-modified-since': 'soon' }), 400, 'InvalidArgument');
  });
  const holds = {
    'x-amz-rename-source-if-match': source,
    'x-amz-rename-source-if-modified-since': past,
    'if-none-match': '*',
  };
  expectStatus(await rename(bucket, 'a', 'c', holds), 200);
  expectStatus(await rename(bucket, 'c', 'b', { 'if-match': destination, 'if-modified-since': past }), 200);
  assert.deepEqual(await contents(s3, bucket), [`b ${source} 6`]);
});

test('a token makes a repetition harmless, and holds for one request only', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'a', 'first');
  const token = { 'x-amz-client-token': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => rename(bucket, 'a', 'b', token)));
  for (const answer of answers) expectStatus(answer, 200);
  await s3.put(bucket, 'a', 'second');
  expectStatus(await rename(bucket, 'a', 'b', token), 200);
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await rename(bucket, 'a', 'c', token), 400, 'IdempotencyParameterMismatch');
    const more = { ...token, 'if-match': etagOf('first') };
    expectError(await rename(bucket, 'a', 'b', more), 400, 'IdempotencyParameterMismatch');
    expectError(await rename(bucket, 'a', 'b', { 'x-amz-client-token': 'a b' }), 400, 'InvalidArgument');
  });
  assert.deepEqual(await contents(s3, bucket), [`a ${etagOf('second')} 6`, `b ${etagOf('first')} 5`]);
  expectStatus(await rename(bucket, 'a', 'b', { 'x-amz-client-token': randomUUID() }), 200);
});

test('of many that rename one object one wins, and of many that rename to one key all leave one', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'one', 'bytes');
  const away = await Promise.all(Array.from({ length: 16 }, (_, i) => rename(bucket, 'one', `to/${i}`)));
  assert.equal(away.filter(({ status }) => status === 200).length, 1);
  for (const answer of away) if (answer.status !== 200) expectError(answer, 404, 'NoSuchKey');
  await Promise.all(Array.from({ length: 16 }, (_, i) => s3.put(bucket, `from/${i}`, `${i}`)));
  const absent = { 'if-none-match': '*' };
  const here = await Promise.all(
    Array.from({ length: 16 }, (_, i) => rename(bucket, `from/${i}`, 'the one', absent)),
  );
  const winner = here.findIndex(({ status }) => status === 200);
  assert.equal(here.filter(({ status }) => status === 200).length, 1);
  assert.equal((await s3.object('GET', bucket, 'the one')).text, `${winner}`);
  assert.equal((await contents(s3, bucket)).length, 1 + 15 + 1);
});

test('a reader sees the object under one of its keys at any time', async () => {
  const bucket = await s3.freshBucket();
  await s3.put(bucket, 'k0', 'bytes');
  const state = { done: false };
  const writer = (async () => {
    for (let i = 0; i < 60; i++) expectStatus(await rename(bucket, `k${i % 3}`, `k${(i + 1) % 3}`), 200);
  })().finally(() => {
    state.done = true;
  });
  while (!state.done) assert.equal((await contents(s3, bucket)).length, 1);
  await writer;
});
