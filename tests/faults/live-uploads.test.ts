/**
 * @module Live uploads and the end of the server: followers are broken off, never ended, and what was committed is there
 * after a restart, to be read and gone on with.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { LiveKey } from '../support/live.ts';
import { startServerProcess } from './server-process.ts';

const PART = 64 * 1024;
const SERVE = ['--buckets', 'live', '--live-part-size', '64KiB', '--threads', '2'];

async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cistern-live-'));
  after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('SIGTERM breaks followers off at once, and lets what is written finish', async () => {
  const server = await startServerProcess(await newDirectory(), SERVE);
  const at = new LiveKey(server.s3, 'live', 'k');
  const upload = await at.begin();
  await upload.send(Buffer.alloc(PART, 'a'));
  const id = await at.upload();
  const followers = await Promise.all(Array.from({ length: 6 }, () => at.follow(id)));
  for (const follower of followers) await follower.until(PART);
  server.child.kill('SIGTERM');
  for (const follower of followers) await assert.rejects(follower.ended);
  await upload.send('the rest');
  await upload.end();
  assert.equal(await server.exited, 0);
  await server.s3.close();
});

test('after kill -9 everything that could be read can be read, and the upload be gone on with', async () => {
  const dataDir = await newDirectory();
  const bytes = randomBytes(5 * PART + 9);
  const server = await startServerProcess(dataDir, SERVE);
  const before = new LiveKey(server.s3, 'live', 'k');
  const upload = await before.begin({ headers: { 'x-amz-meta-m': 'v' } });
  await upload.send(bytes.subarray(0, 3 * PART + 100));
  const id = await before.upload();
  const follower = await before.follow(id);
  await follower.until(3 * PART);
  await server.kill();
  await assert.rejects(follower.ended);
  upload.connection.close();

  const again = await startServerProcess(dataDir, SERVE);
  const at = new LiveKey(again.s3, 'live', 'k');
  const size = Number((await at.read('HEAD', id)).headers['x-cistern-upload-size']);
  assert.equal(size, 3 * PART);
  const rest = await at.follow(id, { range: `bytes=${size}-` });
  const resumed = await at.resume(id, size);
  await resumed.send(bytes.subarray(size));
  await resumed.end();
  assert.ok(Buffer.concat([follower.received(), await rest.ended]).equals(bytes));
  const object = await at.object();
  assert.ok(object.body.equals(bytes));
  assert.equal(object.headers['x-amz-meta-m'], 'v');
  await again.kill();
});
