/**
 * @module A live upload that is aborted while parts of it are on their way to the disk: its client is told, and the server
 * goes on. A process of its own, because what is at stake is its life.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { startLivePut, uploadsOf } from '../support/live.ts';
import { objectPath } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';

const PART = 64 * 1024;
const BUCKET = 'refused';
/** How far which part is when the first of them is refused is the system's choice. */
const ATTEMPTS = 10;

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-refused-'));
after(() => rm(dataDir, { recursive: true, force: true }));
const server = await startServerProcess(dataDir, ['--buckets', BUCKET, '--live-part-size', '64KiB']);
const { s3 } = server;

test('an abort while several parts come at once', async () => {
  for (let i = 0; i < ATTEMPTS; i++) {
    const key = `aborted ${i}`;
    const put = await startLivePut(s3, objectPath(BUCKET, key));
    await put.send(randomBytes(PART));
    const [uploadId = ''] = await uploadsOf(s3, BUCKET, key);
    expectStatus(await s3.object('DELETE', BUCKET, key, { query: { uploadId } }), 204);
    await put.send(randomBytes(8 * PART));
    await put.end(404, 'NoSuchUpload');
    expectError(await s3.object('GET', BUCKET, key), 404, 'NoSuchKey');
    assert.equal(server.log(), '');
  }
});

after(() => server.kill());
