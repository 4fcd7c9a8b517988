/**
 * @module Writes with a condition, decided in the transaction that publishes.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { etagOf, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

// Two HTTP threads: what decides must be what they share.
const { s3 } = await startTestServer({ threads: 2 });
const bucket = await s3.freshBucket();

function put(key: string, body: Buffer | string, headers: Record<string, string>): Promise<S3Response> {
  return s3.object('PUT', bucket, key, { body, headers });
}

const CREATE = { 'if-none-match': '*' };

test('If-None-Match: * creates, and never overwrites', async () => {
  for (const [key, body] of [
    ['small', 'first'],
    ['large', randomBytes(300_000)],
  ] as const) {
    expectStatus(await put(key, body, CREATE), 200);
    await leavesUnchanged(s3, bucket, async () => {
      expectError(await put(key, 'second', CREATE), 412, 'PreconditionFailed');
      expectError(await put(key, randomBytes(300_000), CREATE), 412, 'PreconditionFailed');
    });
  }
});

test('If-None-Match: * holds again after a delete', async () => {
  await s3.put(bucket, 'cycled', 'x');
  await s3.object('DELETE', bucket, 'cycled');
  expectStatus(await put('cycled', 'y', CREATE), 200);
});

test('If-Match overwrites only what it names', async () => {
  await s3.put(bucket, 'matched', 'one');
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await put('matched', 'two', { 'if-match': etagOf('other') }), 412, 'PreconditionFailed');
  });
  expectStatus(await put('matched', 'two', { 'if-match': etagOf('one') }), 200);
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await put('matched', 'three', { 'if-match': etagOf('one') }), 412, 'PreconditionFailed');
  });
  expectStatus(await put('matched', 'three', { 'if-match': etagOf('two').slice(1, -1) }), 200);
  assert.equal((await s3.object('GET', bucket, 'matched')).text, 'three');
});

test('If-Match on what is not there is 404', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await put('absent', 'x', { 'if-match': etagOf('x') }), 404, 'NoSuchKey');
  });
});

test('conditions that S3 does not know for writes are refused', async () => {
  await s3.put(bucket, 'known', 'x');
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await put('known', 'y', { 'if-none-match': etagOf('x') }), 501, 'NotImplemented');
    const both = { 'if-match': etagOf('x'), 'if-none-match': '*' };
    const response = await put('known', 'y', both);
    assert.ok([400, 501].includes(response.status), response.text);
    for (const name of ['if-modified-since', 'if-unmodified-since']) {
      const dated = await put('known', 'y', { [name]: new Date(0).toUTCString() });
      assert.ok([400, 501].includes(dated.status), `${name} was ignored`);
    }
  });
});

test('of many creators at once exactly one wins', async () => {
  for (const size of [100, 200_000]) {
    const bodies = Array.from({ length: 24 }, () => randomBytes(size));
    const answers = await Promise.all(bodies.map((body) => put(`raced/${size}`, body, CREATE)));
    const winners = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []));
    assert.equal(winners.length, 1);
    for (const answer of answers) {
      if (answer.status !== 200) {
        assert.ok([409, 412].includes(answer.status), answer.text);
        assert.ok(['PreconditionFailed', 'ConditionalRequestConflict'].includes(answer.errorCode ?? ''));
      }
    }
    const read = await s3.object('GET', bucket, `raced/${size}`);
    assert.ok(read.body.equals(bodies[winners[0] as number] as Buffer), 'the winner’s bytes are the object');
  }
});

test('compare-and-swap by If-Match loses no update', async () => {
  await s3.put(bucket, 'counter', '0');
  const increments = 5;
  const writers = Array.from({ length: 6 }, async () => {
    for (let done = 0; done < increments;) {
      const read = await s3.object('GET', bucket, 'counter');
      const next = String(Number(read.text) + 1);
      const answer = await put('counter', next, { 'if-match': read.headers['etag'] ?? '' });
      if (answer.status === 200) done++;
      else assert.ok([409, 412].includes(answer.status), answer.text);
    }
  });
  await Promise.all(writers);
  assert.equal((await s3.object('GET', bucket, 'counter')).text, String(6 * increments));
});

test('of many creators by copy exactly one wins', async () => {
  await s3.put(bucket, 'copied-from', randomBytes(100_000));
  const headers = { ...CREATE, 'x-amz-copy-source': `/${bucket}/copied-from` };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => s3.object('PUT', bucket, 'copied-to', { headers })),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test('a condition that cannot hold is decided before a bad digest is stored', async () => {
  await s3.put(bucket, 'double-fault', 'x');
  await leavesUnchanged(s3, bucket, async () => {
    const response = await put('double-fault', 'y', { ...CREATE, 'content-md5': etagOf('z') });
    assert.ok([400, 412].includes(response.status));
  });
});
