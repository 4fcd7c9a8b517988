/** @module Clients of live uploads that vanish, at any time, and objects that vanish from their uploads' readers. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { startLivePut } from '../support/live.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { objectPath } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';

const PART = 64 * 1024;
const { s3, dataDir } = await startTestServer({ threads: 2, livePartBytes: PART });
const bucket = await s3.freshBucket();

test('clients that vanish at any time leave nothing open', { skip: needsOwnServer }, async () => {
  const path = objectPath(bucket, 'vanishing');
  const bytes = randomBytes(8 * PART);
  for (let i = 1; i <= 40; i++) {
    const upload = await startLivePut(s3, path);
    const sent = upload.send(bytes.subarray(0, i * 10_000));
    if (i % 2 === 0) await sent;
    upload.vanish();
  }
  await eventually(async () => assert.deepEqual(await readdir(join(dataDir, 'tmp')), []));
  expectError(await s3.object('GET', bucket, 'vanishing'), 404, 'NoSuchKey');
});

test('a complete upload is read as its object is: not when that is archived, or gone from its key', async () => {
  for (const storageClass of ['STANDARD', 'GLACIER']) {
    const headers = { 'x-amz-storage-class': storageClass };
    const upload = await MultipartUpload.begin(s3, bucket, 'object', headers);
    expectStatus(await upload.complete([await upload.part(1, 'bytes')]), 200);
    const read = (method: string) =>
      s3.object(method, bucket, 'object', { query: `cistern-upload=${upload.id}` });
    const got = await read('GET');
    if (storageClass === 'GLACIER') expectError(got, 403, 'InvalidObjectState');
    else assert.equal(got.text, 'bytes');
    expectStatus(await read('HEAD'), 200);
    const source = { 'x-amz-copy-source': `${bucket}/object` };
    if (storageClass === 'STANDARD')
      expectStatus(await s3.object('PUT', bucket, 'copy', { headers: source }), 200);
    expectStatus(await s3.object('DELETE', bucket, 'object'), 204);
    expectError(await read('GET'), 404, 'NoSuchUpload');
  }
});
