/**
 * @module Clients that say with their request that it was the last (they end their direction) and read on: they get their whole
 * answer, however long it takes, and then the end of the connection.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';

import { makeCertificate } from '../clients/certificate.ts';
import { eventually } from '../support/eventually.ts';
import { LiveKey } from '../support/live.ts';
import { readMetric } from '../support/metrics.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import type { RawResponse } from '../support/raw-http.ts';
import { objectPath } from '../support/s3.ts';
import type { S3, S3RequestOptions } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';

const PART = 64 * 1024;
const LARGE = randomBytes(4_000_000);
const { s3 } = await startTestServer({ livePartBytes: PART });
const bucket = await s3.freshBucket();
await s3.put(bucket, 'large', LARGE);

function formatRequest(method: string, path: string, options: S3RequestOptions = {}, from = s3): Buffer {
  const { target, headers, body } = from.prepare(method, path, options);
  const length = body === undefined ? [] : [['content-length', String(body.length)] as const];
  return Buffer.concat([
    Buffer.from(formatHead(method, target, [...headers, ...length])),
    body ?? Buffer.alloc(0),
  ]);
}

const openMetric = (): Promise<number> => readMetric(s3, 'cistern_requests_in_flight');

const REQUESTS = [
  ['PUT', 'small', { body: 'small' }, 200],
  ['PUT', 'other', { body: LARGE.subarray(0, 100_000) }, 200],
  ['GET', 'large', {}, 200],
  ['POST', 'small', { query: 'uploads' }, 200],
  ['DELETE', 'small', {}, 204],
  ['GET', 'small', {}, 404],
] as const;

/** @param authority the certificate of a server with TLS */
async function ask(
  from: S3,
  authority: string | undefined,
  [method, path, options]: readonly [string, string, S3RequestOptions],
): Promise<RawResponse> {
  const connection = await RawConnection.open(from.endpoint, authority);
  await connection.send(formatRequest(method, path, options, from));
  connection.finish();
  const answer = await connection.read({ bodyless: method === 'HEAD' });
  await connection.closed();
  return answer;
}

type Headers = readonly (readonly [name: string, value: string])[];

/** Half of a body, and no more; `offer` goes with its head. */
async function cutShort(
  from: S3,
  authority: string | undefined,
  place: string,
  offer: Headers,
): Promise<void> {
  const path = objectPath(place, 'cut');
  const { target, headers } = from.prepare('PUT', path, { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(from.endpoint, authority);
  await connection.send(formatHead('PUT', target, [...headers, ['content-length', '9'], ...offer]));
  await connection.send('half');
  connection.finish();
  assert.equal((await connection.read()).status, 400);
  await connection.closed();
  assert.equal((await ask(from, authority, ['HEAD', path, {}])).status, 404);
}

function testAnswers(from: S3, authority: string | undefined, place: string): void {
  for (const [method, key, options, status] of REQUESTS) {
    test(`get the answer: ${method} ${key}, ${status}`, async () => {
      const answer = await ask(from, authority, [method, objectPath(place, key), options]);
      assert.equal(answer.status, status);
      if (key === 'large') assert.ok(answer.body.equals(LARGE));
    });
  }
}

testAnswers(s3, undefined, bucket);

for (const offer of [[], [['connection', 'upgrade'] as const, ['upgrade', 'h2c'] as const]])
  test(`are told at once that their body is cut short, ${offer.length > 0 ? 'with' : 'without'} an upgrade offered`, () =>
    cutShort(s3, undefined, bucket, offer));

suite('over TLS', { skip: needsOwnServer }, async () => {
  const { cert, key } = makeCertificate();
  const { s3: secure } = await startTestServer({ tls: { cert, key } });
  const place = 'secure';
  assert.equal((await ask(secure, cert, ['PUT', `/${place}`, {}])).status, 200);
  assert.equal((await ask(secure, cert, ['PUT', objectPath(place, 'large'), { body: LARGE }])).status, 200);
  testAnswers(secure, cert, place);
  test('are told at once that their body is cut short', () => cutShort(secure, cert, place, []));
});

test('get the answers to all that they sent', async () => {
  const connection = await RawConnection.open(s3.endpoint);
  const requests = REQUESTS.map(([method, key, options]) =>
    formatRequest(method, objectPath(bucket, key), options),
  );
  await connection.send(Buffer.concat(requests));
  connection.finish();
  const answers = [];
  for (const _ of requests) answers.push(await connection.read());
  assert.deepEqual(
    answers.map(({ status }) => status),
    REQUESTS.map(([, , , status]) => status),
  );
  assert.ok(answers[2]?.body.equals(LARGE));
  await connection.closed();
});

test('follow an upload to its end', async () => {
  const at = new LiveKey(s3, bucket, 'followed');
  const upload = await at.begin();
  await upload.send(LARGE.subarray(0, PART));
  const id = await at.upload();
  const follower = await RawConnection.open(s3.endpoint);
  const query = `cistern-upload=${id}`;
  await follower.send(formatRequest('GET', at.path, { query, headers: { 'x-cistern-follow': 'true' } }));
  follower.finish();
  await follower.started();
  await upload.send(LARGE.subarray(PART));
  await upload.end();
  const { status, body } = await follower.read();
  assert.equal(status, 200);
  assert.ok(body.equals(LARGE));
  await follower.closed();
});

test(
  'that are gone in truth leave nothing, once there is something to say',
  { skip: needsOwnServer },
  async () => {
    const before = await openMetric();
    const at = new LiveKey(s3, bucket, 'left');
    const upload = await at.begin();
    await upload.send(LARGE.subarray(0, PART));
    const follower = await at.follow(await at.upload());
    await follower.until(PART);
    follower.destroy();
    let sent = PART;
    await eventually(async () => {
      await upload.send(LARGE.subarray(sent, (sent += PART)));
      assert.equal((await openMetric()) - before, 1);
    });
    upload.vanish();
  },
);
