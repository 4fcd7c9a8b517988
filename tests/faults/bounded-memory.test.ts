/**
 * @module However large an object is, the server holds little of it: the peak of its memory, as the system counts it,
 * while one of many times that passes through it both ways.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { MIB, NumberedBlocks } from '../support/numbered-blocks.ts';
import { needsPeakMemory as skip, peakMib } from '../support/peak-memory.ts';
import { objectPath } from '../support/s3.ts';
import type { S3 } from '../support/s3.ts';
import { startServerProcess } from './server-process.ts';

const OBJECT_MIB = 1024;
/** Slabs for bodies both ways, what waits in sockets, code that runs for the first time. */
const GROWTH_MIB_MAX = 64;

const content = new NumberedBlocks();

/** Sends blocks as they are taken. */
async function upload(s3: S3): Promise<IncomingMessage> {
  const put = s3.prepare('PUT', objectPath('memory', 'large'), { payload: 'UNSIGNED-PAYLOAD' });
  const headers = { ...Object.fromEntries(put.headers), 'content-length': OBJECT_MIB * MIB };
  const sending = request(new URL(put.target, s3.endpoint), { method: 'PUT', headers });
  const answered = once(sending, 'response');
  for (let i = 0; i < OBJECT_MIB; i++) {
    if (!sending.write(content.block(i))) await once(sending, 'drain');
  }
  sending.end();
  const [response] = (await answered) as [IncomingMessage];
  response.resume();
  return response;
}

/** The answer, of which nothing is read yet. */
async function open(s3: S3): Promise<IncomingMessage> {
  const get = s3.prepare('GET', objectPath('memory', 'large'));
  const sending = request(new URL(get.target, s3.endpoint), { headers: Object.fromEntries(get.headers) });
  sending.end();
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  return response;
}

/** Reads all of it. @returns how many bytes came, each the right one */
async function readAll(response: IncomingMessage): Promise<number> {
  const comparer = content.comparer();
  let received = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    comparer.update(chunk);
    received += chunk.length;
  }
  return received;
}

test('an object of a gigabyte comes and goes through less than a tenth of that', { skip }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-memory-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'memory']);
  const { s3, child } = server;
  await s3.put('memory', 'small', 'x');
  const before = peakMib(child.pid);
  assert.ok(before > 0);

  assert.equal((await upload(s3)).statusCode, 200);
  const uploaded = peakMib(child.pid) - before;
  assert.ok(uploaded < GROWTH_MIB_MAX, `the upload took ${uploaded} MiB`);

  // Beside one that is not read: what its client does not take has to wait on the disk.
  const unread = await open(s3);
  assert.equal(await readAll(await open(s3)), OBJECT_MIB * MIB);
  unread.destroy();
  const downloaded = peakMib(child.pid) - before;
  assert.ok(downloaded < GROWTH_MIB_MAX, `upload and download took ${downloaded} MiB`);
  await server.kill();
});

/** Appends, as many as they may be without taking long. */
const PIECES = 500;
const PIECE_BYTES = 64 * 1024;
const READERS = 8;

test('an object of many small pieces is not held whole for those who read it', { skip }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-memory-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(dataDir, ['--buckets', 'memory', '--threads', '1']);
  const { s3, child } = server;
  const piece = content.block(0).subarray(0, PIECE_BYTES);
  for (let i = 0; i < PIECES; i++)
    await s3.put('memory', 'large', piece, { 'x-amz-write-offset-bytes': String(i * PIECE_BYTES) });
  const before = peakMib(child.pid);

  const readers = await Promise.all(Array.from({ length: READERS }, () => open(s3)));
  for (const reader of readers) {
    if (reader.readableLength === 0) await once(reader, 'readable');
  }
  const grown = peakMib(child.pid) - before;
  assert.ok(grown < GROWTH_MIB_MAX, `${READERS} readers took ${grown} MiB`);
  for (const reader of readers) reader.destroy();
  await server.kill();
});
