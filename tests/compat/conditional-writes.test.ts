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
import { setVersioning, versionedBucket } from '../support/versions.ts';

// Two HTTP threads: what decides must be what they share.
const { s3 } = await startTestServer({ threads: 2 });
const bucket = await s3.freshBucket();
const versioned = await versionedBucket(s3);

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

/** What can stand at a key that is nevertheless not there. */
const ABSENT: readonly (readonly [name: string, prepare: (key: string) => Promise<string>])[] = [
  ['in a bucket without versions', async () => bucket],
  ['in a bucket with versions', async () => versioned],
  [
    'over a delete marker',
    async (key) => {
      await s3.put(versioned, key, 'old');
      expectStatus(await s3.object('DELETE', versioned, key), 204);
      return versioned;
    },
  ],
  [
    'over a null delete marker',
    async (key) => {
      const suspended = await versionedBucket(s3);
      await s3.put(suspended, key, 'old');
      await setVersioning(s3, suspended, 'Suspended');
      expectStatus(await s3.object('DELETE', suspended, key), 204);
      return suspended;
    },
  ],
];

for (const [where, prepare] of ABSENT) {
  test(`of 16 creators exactly one wins ${where}, time after time`, async () => {
    for (let round = 0; round < 5; round++) {
      const key = `contended ${where} ${round}`;
      const target = await prepare(key);
      const bodies = Array.from({ length: 16 }, (_, i) => `${round} ${i}`);
      const answers = await Promise.all(
        bodies.map((body) => s3.object('PUT', target, key, { body, headers: CREATE })),
      );
      const winners = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
      assert.equal(winners.length, 1);
      for (const answer of answers) if (answer.status !== 200) expectError(answer, 412, 'PreconditionFailed');
      assert.equal((await s3.object('GET', target, key)).text, bodies[winners[0] ?? 0]);
    }
  });
}

test('a lock file: who created it holds the lock until it is deleted, among 16 contenders', async () => {
  // As Terraform's S3 backend locks a state: created if absent, read back by who may break it, deleted.
  for (const target of [bucket, versioned]) {
    let holders = 0;
    let taken = 0;
    const contend = async (name: number): Promise<void> => {
      for (let held = 0; held < 3;) {
        const body = JSON.stringify({ ID: `${name}-${held}` });
        const answer = await s3.object('PUT', target, 'state.tflock', { body, headers: CREATE });
        if (answer.status !== 200) {
          expectError(answer, 412, 'PreconditionFailed');
          continue;
        }
        assert.equal(++holders, 1, 'two hold the lock');
        taken++;
        held++;
        assert.equal((await s3.object('GET', target, 'state.tflock')).text, body);
        holders--;
        expectStatus(await s3.object('DELETE', target, 'state.tflock'), 204);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, name) => contend(name)));
    assert.equal(taken, 48);
    expectError(await s3.object('GET', target, 'state.tflock'), 404, 'NoSuchKey');
  }
});
