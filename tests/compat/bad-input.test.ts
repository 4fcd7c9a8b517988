/**
 * @module Bad input leaves nothing behind: no object, and no file in the data directory.
 *
 * What each fault is answered with is tested beside its operation.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { STREAMING_SIGNED, STREAMING_UNSIGNED_TRAILER } from '@cistern/protocol';

import { eventually } from '../support/eventually.ts';
import { contents, expectStatus } from '../support/expect.ts';
import { formatHead, RawConnection } from '../support/raw-http.ts';
import { md5Base64, objectPath, type S3RequestOptions } from '../support/s3.ts';
import { dataFiles, needsOwnServer, startTestServer } from '../support/server.ts';

const { s3, dataDir } = await startTestServer();
const options = { skip: needsOwnServer };
const bucket = await s3.freshBucket();

/** Far above what is kept in the database, so that a file has been begun when the fault is found. */
const LARGE = randomBytes(3 << 20);

async function leavesNothing(fails: () => Promise<void>): Promise<void> {
  const before = await dataFiles(dataDir);
  await fails();
  assert.deepEqual(await contents(s3, bucket), []);
  await eventually(async () => assert.deepEqual(await dataFiles(dataDir), before));
}

const CHUNKED = { 'x-amz-decoded-content-length': String(LARGE.length) };
const CHUNK_HEAD = LARGE.length.toString(16);

/** Whole requests whose fault shows only once the body has been read. */
const FAULTS: Readonly<Record<string, S3RequestOptions>> = {
  'a wrong Content-MD5': { body: LARGE, headers: { 'content-md5': md5Base64('other') } },
  'a wrong SHA-256': { body: LARGE, payload: 'a'.repeat(64) },
  'a wrong checksum': {
    body: LARGE,
    headers: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    payload: 'UNSIGNED-PAYLOAD',
  },
  'a wrong checksum in the trailer': {
    headers: { ...CHUNKED, 'x-amz-trailer': 'x-amz-checksum-crc32' },
    payload: STREAMING_UNSIGNED_TRAILER,
    body: Buffer.concat([
      Buffer.from(`${CHUNK_HEAD}\r\n`),
      LARGE,
      Buffer.from('\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
    ]),
  },
  'a wrong chunk signature': {
    headers: CHUNKED,
    payload: STREAMING_SIGNED,
    body: Buffer.concat([
      Buffer.from(`${CHUNK_HEAD};chunk-signature=${'a'.repeat(64)}\r\n`),
      LARGE,
      Buffer.from(`\r\n0;chunk-signature=${'a'.repeat(64)}\r\n\r\n`),
    ]),
  },
  'a chunked body without an end': {
    headers: { ...CHUNKED, 'x-amz-trailer': 'x-amz-checksum-crc32' },
    payload: STREAMING_UNSIGNED_TRAILER,
    body: Buffer.concat([Buffer.from(`${CHUNK_HEAD}\r\n`), LARGE]),
  },
  'a chunk header that is none, after a good chunk': {
    headers: { ...CHUNKED, 'x-amz-trailer': 'x-amz-checksum-crc32' },
    payload: STREAMING_UNSIGNED_TRAILER,
    body: Buffer.concat([Buffer.from('200000\r\n'), LARGE.subarray(0, 0x200000), Buffer.from('\r\nzzz\r\n')]),
  },
};

for (const [what, request] of Object.entries(FAULTS)) {
  test(`${what} leaves nothing`, options, async () => {
    await leavesNothing(async () => {
      for (let i = 0; i < 3; i++) {
        const response = await s3.object('PUT', bucket, `fault-${i}`, request);
        assert.ok([400, 403].includes(response.status), response.text);
        assert.ok(response.errorCode);
      }
    });
  });
}

/** Sends the head and part of the body, and hands over the connection. */
async function begin(key: string, sent: number): Promise<RawConnection> {
  const request = s3.prepare('PUT', objectPath(bucket, key), { payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  const length = String(LARGE.length);
  await connection.send(formatHead('PUT', request.target, [...request.headers, ['content-length', length]]));
  await connection.send(LARGE.subarray(0, sent));
  return connection;
}

for (const sent of [0, 1, 100_000, LARGE.length - 1]) {
  test(`a client that vanishes after ${sent} of ${LARGE.length} bytes leaves nothing`, options, async () => {
    await leavesNothing(async () => {
      for (let i = 0; i < 3; i++) (await begin('vanished', sent)).abort();
    });
  });

  test(
    `a client that half-closes after ${sent} of ${LARGE.length} bytes leaves nothing`,
    options,
    async () => {
      await leavesNothing(async () => {
        const connection = await begin('half-closed', sent);
        connection.finish();
        await connection.closed();
      });
    },
  );
}

test('many clients that vanish at once leave nothing, and the server goes on', options, async () => {
  await leavesNothing(async () => {
    const connections = await Promise.all(
      Array.from({ length: 30 }, (_, i) => begin(`crowd-${i}`, 50_000 * (i % 7))),
    );
    for (const connection of connections) connection.abort();
  });
  await s3.put(bucket, 'after', LARGE);
  assert.ok((await s3.object('GET', bucket, 'after')).body.equals(LARGE));
  expectStatus(await s3.object('DELETE', bucket, 'after'), 204);
});

test('an overwrite that fails leaves the object that was there', options, async () => {
  await s3.put(bucket, 'kept', LARGE);
  const files = await dataFiles(dataDir);
  for (const request of Object.values(FAULTS)) await s3.object('PUT', bucket, 'kept', request);
  (await begin('kept', 1_000_000)).abort();
  await eventually(async () => assert.deepEqual(await dataFiles(dataDir), files));
  assert.ok((await s3.object('GET', bucket, 'kept')).body.equals(LARGE));
  await s3.object('DELETE', bucket, 'kept');
});
