/**
 * @module A really full disk: ext4 of 24 MiB, filled by objects, by parts of uploads, and by others to its last block. Reads,
 * deletions and the reaper work all the same, a restart does, and space returns. (The same on tmpfs, more finely:
 * `../full-disk.test.ts`.)
 */

import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { expectStatus } from '../../support/expect.ts';
import { eventually } from '../../support/eventually.ts';
import { MultipartUpload } from '../../support/multipart.ts';
import type { ListedPart } from '../../support/multipart.ts';
import type { S3, S3Response } from '../../support/s3.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { seededBytes } from '../seeded.ts';
import { MIB, writeUntilFull } from '../small-disk.ts';
import { LoopDisk, needsLoopDisk } from './loop-disk.ts';

const DISK_MIB = 24;
const BUCKET = 'disk';
const options = { skip: needsLoopDisk('ext4') };

interface FullDisk {
  readonly path: string;
  readonly start: () => Promise<ServerProcess>;
}

async function setUp(t: TestContext): Promise<FullDisk> {
  const disk = await LoopDisk.create({ fs: 'ext4', mib: DISK_MIB });
  const servers: ServerProcess[] = [];
  t.after(async () => {
    for (const { child, exited, s3 } of servers) {
      child.kill('SIGKILL');
      await exited;
      await s3.close().catch(() => undefined);
    }
    await disk.remove();
  });
  return {
    path: disk.path,
    start: async () => {
      const server = await startServerProcess(join(disk.path, 'data'), [
        '--buckets',
        BUCKET,
        '--threads',
        '1',
      ]);
      servers.push(server);
      return server;
    },
  };
}

const put = (s3: S3, key: string, body: Buffer): Promise<S3Response> =>
  s3.object('PUT', BUCKET, key, { body, payload: 'UNSIGNED-PAYLOAD' });

/** Objects of each size in turn until one is refused. @returns what was not, by key */
async function fill(s3: S3, sizes: readonly number[]): Promise<Map<string, Buffer>> {
  const stored = new Map<string, Buffer>();
  for (const size of sizes) {
    for (;;) {
      const [key, body] = [`${size} ${stored.size}`, seededBytes(`${size} ${stored.size}`, size)];
      const response = await put(s3, key, body);
      if (response.status !== 200) {
        expectStatus(response, 503);
        break;
      }
      stored.set(key, body);
    }
  }
  return stored;
}

async function expectStored(s3: S3, stored: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [key, body] of stored) {
    const read = await s3.object('GET', BUCKET, key);
    expectStatus(read, 200);
    assert.ok(read.body.equals(body), key);
  }
}

async function expectSound(s3: S3): Promise<void> {
  const { text } = await s3.send('POST', '/-/api/fsck');
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { report?: { problems: unknown[] } };
  assert.deepEqual(last.report?.problems, [], text);
}

for (const [name, sizes] of [
  ['objects in the catalog', [60_000, 4_000]],
  ['objects that are files', [MIB, 70_000]],
] as const) {
  test(`a disk that is full of ${name} is read, started on, and emptied`, options, async (t) => {
    const { start, path } = await setUp(t);
    const first = await start();
    const stored = await fill(first.s3, sizes);
    assert.ok(stored.size > 5, `${stored.size}`);
    assert.deepEqual(await readdir(join(path, 'data', 'tmp')), []);
    await first.kill();
    const { s3, endpoint } = await start();
    await expectStored(s3, stored);
    for (const key of stored.keys()) expectStatus(await s3.object('DELETE', BUCKET, key), 204);
    await eventually(async () => expectStatus(await put(s3, 'large', seededBytes('large', 8 * MIB)), 200));
    assert.equal((await fetch(`${endpoint}/-/health/ready`)).status, 200);
    await expectSound(s3);
  });
}

test('parts of uploads that fill a disk are completed or given up, and space returns', options, async (t) => {
  const { s3 } = await (await setUp(t)).start();
  const uploads: { upload: MultipartUpload; part: ListedPart }[] = [];
  for (;;) {
    const upload = await MultipartUpload.begin(s3, BUCKET, `upload ${uploads.length}`);
    const response = await upload.put(1, seededBytes(`${uploads.length}`, MIB));
    if (response.status !== 200) {
      expectStatus(response, 503);
      break;
    }
    uploads.push({ upload, part: { number: 1, etag: response.headers['etag'] ?? '' } });
  }
  assert.ok(uploads.length > 5, `${uploads.length}`);
  const [kept, ...given] = uploads;
  assert.ok(kept);
  for (const { upload } of given) expectStatus(await upload.abort(), 204);
  await eventually(async () => expectStatus(await put(s3, 'large', seededBytes('large', 8 * MIB)), 200));
  expectStatus(await kept.upload.complete([kept.part]), 200);
  await expectStored(s3, new Map([['upload 0', seededBytes('0', MIB)]]));
  await expectSound(s3);
});

test('a disk that others have filled to its last block stops nothing, nor a start', options, async (t) => {
  const { start, path } = await setUp(t);
  const first = await start();
  const stored = new Map([
    ['small', seededBytes('small', 50_000)],
    ['large', seededBytes('large', 300_000)],
  ]);
  for (const [key, body] of stored) expectStatus(await put(first.s3, key, body), 200);
  const filling = join(path, 'filling');
  await writeUntilFull(filling);
  for (const size of [0, 10_000, 100_000])
    expectStatus(await put(first.s3, 'refused', Buffer.alloc(size)), 503);
  await expectStored(first.s3, stored);
  await first.kill();
  const { s3 } = await start();
  await expectStored(s3, stored);
  expectStatus(await put(s3, 'refused', Buffer.alloc(10_000)), 503);
  await rm(filling);
  expectStatus(await put(s3, 'again', Buffer.alloc(10_000)), 200);
  expectStatus(await put(s3, 'again', Buffer.alloc(500_000)), 200);
  expectStatus(await s3.object('DELETE', BUCKET, 'large'), 204);
  stored.delete('large');
  await expectStored(s3, stored);
  await expectSound(s3);
});

async function endInOrder({ child, exited }: ServerProcess): Promise<void> {
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
}

for (const [how, end] of [
  ['in order', endInOrder],
  ['by a kill', (server: ServerProcess) => server.kill()],
] as const)
  test(
    `a server that ended ${how} starts on a disk without a free block, and makes room`,
    options,
    async (t) => {
      const { start, path } = await setUp(t);
      const first = await start();
      const stored = new Map(
        [50_000, 200_000, 1_000_000, 2_000_000, 50_001].map((size) => [
          `${size}`,
          seededBytes(`${size}`, size),
        ]),
      );
      for (const [key, body] of stored) expectStatus(await put(first.s3, key, body), 200);
      await end(first);
      const filling = join(path, 'filling');
      await writeUntilFull(filling);
      const { s3 } = await start();
      await expectStored(s3, stored);
      expectStatus(await put(s3, 'refused', Buffer.alloc(10_000)), 503);
      for (const key of stored.keys()) {
        expectStatus(await s3.object('DELETE', BUCKET, key), 204);
        stored.delete(key);
      }
      await eventually(async () => expectStatus(await put(s3, 'again', Buffer.alloc(70_000)), 200));
      await expectSound(s3);
    },
  );
