/**
 * @module `npm run prove:live -- --size 10GiB --followers 4`: the long form of the live uploads' test. One live PUT that
 * several follow, each to its end; every byte is hashed as it comes and none is kept. Prints what it took.
 *
 *   --size N        bytes to upload, default 10GiB; they are on the disk once
 *   --followers N   default 4
 */

import { createHash } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { cpuSeconds } from '../../benchmarks/process-usage.ts';
import { startOwnServer } from '../../benchmarks/server-process.ts';
import { formatSize, parseSize } from '../../benchmarks/units.ts';
import { CheckedFollower } from '../support/checked-follower.ts';
import { eventually } from '../support/eventually.ts';
import { startLivePut, uploadsOf } from '../support/live.ts';
import type { LiveUpload } from '../support/live.ts';
import { MIB, NumberedBlocks } from '../support/numbered-blocks.ts';
import { peakMib } from '../support/peak-memory.ts';
import { objectPath, S3 } from '../support/s3.ts';

const BUCKET = 'live';
const KEY = 'followed';
/** How often it says how far it is. */
const PROGRESS_BYTES = 1024 * MIB;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '10GiB' },
    followers: { type: 'string', default: '4' },
  },
});
const size = parseSize(values.size);
const count = Number(values.followers);
if (!Number.isInteger(count) || count < 1) throw new Error('--followers takes a number from 1 on');
const { bavail, bsize } = statfsSync(tmpdir());
if (size * 1.1 > bavail * bsize) throw new Error(`${tmpdir()} has no room for ${formatSize(size)}`);

const server = await startOwnServer({
  parentDirectory: tmpdir(),
  extraArguments: ['--buckets', BUCKET, '--threads', '2', '--log-level', 'warn'],
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    server.kill();
    process.exit(code);
  });
}
const { endpoint, accessKeyId, secretAccessKey, region, pid = 0 } = server.target;
const s3 = new S3({ endpoint: endpoint.origin, credentials: { accessKeyId, secretAccessKey }, region });
try {
  await prove();
} finally {
  await s3.close();
  await server.stop();
}

async function prove(): Promise<void> {
  const path = objectPath(BUCKET, KEY);
  const idle = peakMib(pid);
  const began = performance.now();
  const upload = await startLivePut(s3, path);
  let uploadId = '';
  await eventually(async () => {
    [uploadId = ''] = await uploadsOf(s3, BUCKET, KEY);
    if (uploadId === '') throw new Error('the upload is not listed');
  });
  const hashes = Array.from({ length: count }, () => createHash('sha256'));
  const followers = hashes.map((checker) => new CheckedFollower(s3, { path, uploadId, checker }));
  let behind = 0;
  const sha256 = await send(upload, (sent) => {
    const received = followers.map((follower) => follower.received);
    behind = Math.max(behind, sent - Math.min(...received));
    if (sent % PROGRESS_BYTES === 0) report(sent, began);
  });
  const answer = await upload.end();
  if (answer.status !== 200)
    throw new Error(`the PUT was answered ${answer.status}: ${answer.body.toString()}`);
  upload.connection.close();
  const uploaded = (performance.now() - began) / 1000;
  await Promise.all(followers.map((follower) => follower.ended));
  const seconds = (performance.now() - began) / 1000;
  hashes.forEach((hash, i) => {
    const got = hash.digest('hex');
    if (got !== sha256 || followers[i]?.received !== size)
      throw new Error(`follower ${i + 1} got other bytes: ${got}`);
  });
  const rate = (bytes: number, took: number): string => `${(bytes / took / 1e6).toFixed(0)} MB/s`;
  const lines = [
    `${formatSize(size)} uploaded in ${uploaded.toFixed(1)} s (${rate(size, uploaded)}), ETag ${answer.headers.get('etag')}`,
    `${count} followers had all of it after ${seconds.toFixed(1)} s (${rate(size * count, seconds)} together), at most ${formatSize(behind)} behind`,
    `SHA-256 of what each of them got: ${sha256}, as sent`,
    `server: at most ${peakMib(pid).toFixed(0)} MiB of memory, ${idle.toFixed(0)} before; ${cpuSeconds(pid)?.toFixed(1)} s of CPU`,
  ];
  console.log(lines.join('\n'));
}

/** @returns the SHA-256 of what was sent */
async function send(upload: LiveUpload, onProgress: (sent: number) => void): Promise<string> {
  const content = new NumberedBlocks();
  const hash = createHash('sha256');
  for (let sent = 0; sent < size;) {
    const block = content.block(sent / MIB).subarray(0, size - sent);
    hash.update(block);
    await upload.send(block);
    sent += block.length;
    onProgress(sent);
  }
  return hash.digest('hex');
}

function report(sent: number, began: number): void {
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${formatSize(sent)} sent after ${seconds.toFixed(0)} s, server at ${peakMib(pid).toFixed(0)} MiB`,
  );
}
