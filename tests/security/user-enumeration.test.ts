/**
 * @module Security: what a wrong signature tells of users, in words and in time. As on S3 an unknown access key id is told
 * apart from a wrong secret (ids are no secrets: they stand in every URL that is handed out); nothing else is.
 *
 * Time is not judged by a clock here: how much work is done is. The comparison is held to be one of constant time, by its
 * source and by what it does with signatures that differ early or late.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { signaturesEqual } from '../../packages/protocol/src/sigv4/signing-key.ts';
import { type Credentials, signRequest } from '@cistern/protocol';

import { readSources } from '../tidy/repository.ts';
import type { S3RequestOptions, S3Response } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';

const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'alice-secret-alice-secret' };
const { s3 } = await startTestServer({ users: [{ name: 'alice', ...ALICE }] });
const options = { skip: needsOwnServer };
const bucket = await s3.as(ALICE).freshBucket();
await s3.as(ALICE).put(bucket, 'key', 'value');

/** An answer without what is of the request: ids, the date, and what its sender said. */
function comparable({ status, headers, text }: S3Response, said: Credentials): unknown {
  const body = text
    .replaceAll(/<(RequestId|HostId|SignatureProvided|StringToSign|CanonicalRequest)>[^<]*<\/\1>/g, '<$1/>')
    .replaceAll(said.accessKeyId, 'ID');
  return [status, Object.keys(headers).sort(), body];
}

const wrong = (accessKeyId: string): Credentials => ({ accessKeyId, secretAccessKey: 'no-secret-at-all' });

async function answers(credentials: readonly Credentials[], more: S3RequestOptions = {}): Promise<unknown[]> {
  return Promise.all(
    credentials.map(async (one) => comparable(await s3.as(one).object('GET', bucket, 'key', more), one)),
  );
}

test('all users with a wrong secret get the same answer, root too', options, async () => {
  for (const auth of ['header', 'presigned'] as const) {
    const [root, alice] = await answers([wrong(s3.credentials.accessKeyId), wrong(ALICE.accessKeyId)], {
      auth,
    });
    assert.deepEqual(root, alice);
  }
});

test('all keys that are not there get the same answer, however close they come', options, async () => {
  const ids = [
    'NOSUCHKEY',
    'ALICEACCESSKEX',
    'aliceaccesskey',
    'ALICEACCESSKE',
    'ALICEACCESSKEY2',
    'alice',
    'root',
  ];
  for (const auth of ['header', 'presigned'] as const) {
    const all = await answers(ids.map(wrong), { auth });
    for (const one of all) assert.deepEqual(one, all[0]);
    assert.match(JSON.stringify(all[0]), /InvalidAccessKeyId/);
  }
});

test(
  'an expired or a malformed request tells of no secret: it is the same with a right one',
  options,
  async () => {
    const late = { now: Date.now() - 3_600_000 };
    const [right, other] = await answers([ALICE, wrong(ALICE.accessKeyId)], late);
    assert.deepEqual(
      JSON.stringify(right).replaceAll(/\d{8}T\d{6}Z|<(\w*Time)>[^<]*/g, ''),
      JSON.stringify(other).replaceAll(/\d{8}T\d{6}Z|<(\w*Time)>[^<]*/g, ''),
    );
  },
);

test('a refusal never holds the signature that would have been right, nor the secret', options, async () => {
  const now = Date.now();
  const request = s3.as(ALICE).prepare('GET', `/${bucket}/key`, { now });
  const good = /Signature=([0-9a-f]{64})/.exec(request.headers.flat().join(' '))?.[1] ?? '';
  assert.equal(good.length, 64);
  const answer = await s3.as(wrong(ALICE.accessKeyId)).object('GET', bucket, 'key', { now });
  assert.ok(!answer.text.includes(good));
  for (let length = good.length; length >= 16; length -= 16)
    assert.ok(!answer.text.includes(good.slice(0, length)));
  assert.ok(!answer.text.includes(ALICE.secretAccessKey));
});

test('signatures are compared as wholes: a beginning that is right is worth nothing', options, async () => {
  const path = `/${bucket}/key`;
  for (const kept of [0, 1, 32, 63]) {
    const now = Date.now();
    const headers: [string, string][] = [['host', s3.host]];
    const { region } = s3;
    const signed = signRequest({
      method: 'GET',
      target: path,
      headers,
      payload: 'UNSIGNED-PAYLOAD',
      credentials: ALICE,
      region,
      now,
    });
    const unsignedHeaders = signed.headers.map(([name, value]): [string, string] => [
      name,
      name === 'authorization'
        ? value.replace(/[0-9a-f]{64}$/, (all) => all.slice(0, kept) + flip(all.slice(kept)))
        : value,
    ]);
    const answer = await s3.send('GET', path, { auth: 'anonymous', unsignedHeaders });
    assert.equal(answer.errorCode, 'SignatureDoesNotMatch', String(kept));
  }
});

function flip(hex: string): string {
  return hex.replaceAll(/./g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16));
}

test('the comparison tells equal from unequal, whatever the lengths', () => {
  const one = '0123456789abcdef'.repeat(4);
  assert.ok(signaturesEqual(one, one));
  for (const other of ['', one.slice(1), `${one}0`, flip(one), `1${one.slice(1)}`, `${one.slice(0, -1)}0`])
    assert.ok(!signaturesEqual(one, other), other);
});

test('no secret or signature is compared by a way that stops where they differ', () => {
  // A name of a secret or a signature beside === or !==, or given to a method that compares.
  const COMPARED =
    /(?:\b\w*(?:[sS]ignature|[sS]ecret(?:AccessKey)?)\b(?:\(\))?\s*(?:===|!==)\s*(?!undefined|null|'')(?=\S)|(?:===|!==)\s*\b(?:\w+\.)*\w*(?:[sS]ignature|[sS]ecretAccessKey)\b)/;
  /** Where both sides are ours, or both the client's, and nothing is proven by their being equal. */
  const ALLOWED: readonly (readonly [path: string, code: string])[] = [
    ['packages/protocol/src/sigv4/claim.ts', 'fields.signature === signature'],
    ['packages/protocol/src/sigv4/signing-key.ts', 'entry.secret !== secret'],
  ];
  const found = readSources()
    .filter(({ path, isTest }) => /^packages\/(?:protocol|server)\//.test(path) && !isTest)
    .flatMap(({ path, code }) =>
      code
        .split('\n')
        .filter((line) => COMPARED.test(line))
        .filter((line) => !ALLOWED.some(([file, allowed]) => file === path && line.includes(allowed)))
        .map((line) => `${path}: ${line.trim()}`),
    );
  assert.deepEqual(found, []);
  const source = readFileSync(
    new URL('../../packages/protocol/src/sigv4/signing-key.ts', import.meta.url),
    'utf8',
  );
  const body = /export function signaturesEqual[^]*?\n\}/.exec(source)?.[0] ?? '';
  assert.match(body, /return timingSafeEqual\(/);
});
