/** @module Followers when the server ends: they would follow for ever, so it does not wait for them. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { startServer } from 'cistern';

import { LiveKey } from '../support/live.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { S3 } from '../support/s3.ts';
import { needsOwnServer, REGION } from '../support/server.ts';

/** More than the sockets of both ends hold. */
const LARGE = partBytes(24 * 1024 * 1024);

// Clients that take nothing are disconnected after 20 s: what takes that long has waited for one.
const options = { skip: needsOwnServer, timeout: 15_000 };

test('a server that ends breaks its followers off, the slow ones, too', options, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServer({ dataDir, port: 0, threads: 2, drainMs: 600_000 });
  const s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: REGION });
  const at = new LiveKey(s3, await s3.freshBucket(), 'k');
  const upload = await MultipartUpload.begin(s3, at.bucket, at.key);
  await upload.part(1, LARGE);
  const waiting = await at.follow(upload.id);
  await waiting.until(LARGE.length);
  const slow = await at.follow(upload.id);
  await slow.until(1);
  slow.pause();
  await s3.close();
  await server.close();
  await assert.rejects(waiting.ended);
  slow.resume();
  await assert.rejects(slow.ended);
  assert.ok(LARGE.subarray(0, slow.received().length).equals(slow.received()));
});
