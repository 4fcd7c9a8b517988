/**
 * @module A full disk refuses what needs room and nothing else, and is no failure: nothing stops, nothing is left
 * behind, and when there is room again writing goes on.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { beginUpload } from '../support/begin-upload.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { eventually } from '../support/eventually.ts';
import { objectPath } from '../support/s3.ts';
import type { S3Response } from '../support/s3.ts';
import { MIB, needsSmallDisk, startOnSmallDisk } from './small-disk.ts';
import type { SmallDisk } from './small-disk.ts';

const DISK_MIB = 32;
/** Kept in the catalog. */
const SMALL = randomBytes(60_000);
/** A file. */
const LARGE = randomBytes(MIB);

type Put = (key: string, body: Buffer) => Promise<S3Response>;

const putTo =
  ({ server }: SmallDisk): Put =>
  (key, body) =>
    server.s3.object('PUT', 'disk', key, { body, payload: 'UNSIGNED-PAYLOAD' });

function expectFull(response: S3Response): void {
  expectError(response, 503, 'ServiceUnavailable');
  assert.match(response.text, /The storage is full/);
}

/** Puts objects until one is refused for want of room. @returns the keys of those that were not */
async function putUntilFull(put: Put, name: string, body: Buffer): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const key = `${name} ${keys.length}`;
    const response = await put(key, body);
    if (response.status !== 200) {
      expectFull(response);
      return keys;
    }
    keys.push(key);
    assert.ok(keys.length * body.length < DISK_MIB * MIB, 'more was stored than the disk holds');
  }
}

/** What the server holds, keys and bytes. */
async function expectObjects({ server }: SmallDisk, keys: readonly string[], body: Buffer): Promise<void> {
  for (const key of keys) {
    const response = await server.s3.object('GET', 'disk', key);
    expectStatus(response, 200);
    assert.ok(response.body.equals(body), key);
  }
}

async function expectReady({ server }: SmallDisk): Promise<void> {
  assert.equal((await fetch(`${server.endpoint}/-/health/ready`)).status, 200);
}

/** Nothing stopped, and an orderly end does not fail either. */
async function end({ server }: SmallDisk): Promise<void> {
  server.child.kill('SIGTERM');
  assert.equal(await server.exited, 0);
  assert.doesNotMatch(server.log(), /"level":60/);
  await server.s3.close();
}

test(
  'a disk that small objects have filled lets them be read and deleted',
  { skip: needsSmallDisk },
  async () => {
    const disk = await startOnSmallDisk(DISK_MIB);
    const put = putTo(disk);
    const { s3 } = disk.server;
    const keys = await putUntilFull(put, 'small', SMALL);
    assert.ok(keys.length > 100, `${keys.length}`);
    expectFull(await put('large', LARGE));
    expectFull(await put('empty', Buffer.alloc(0)));
    const copySource = { 'x-amz-copy-source': '/disk/small%200' };
    expectFull(await s3.object('PUT', 'disk', 'copy', { headers: copySource }));
    expectFull(await s3.bucket('PUT', 'another'));
    assert.deepEqual(await disk.temporaryFiles(), []);
    await expectReady(disk);
    await expectObjects(disk, keys, SMALL);

    const half = keys.splice(0, keys.length / 2);
    for (const key of half) expectStatus(await s3.object('DELETE', 'disk', key), 204);
    // The room of the first ones is that of the next, and of large ones.
    for (const key of half.slice(0, half.length / 2)) expectStatus(await put(key, SMALL), 200);
    await eventually(async () => expectStatus(await put('large', randomBytes(4 * MIB)), 200));
    await expectObjects(disk, keys, SMALL);
    await end(disk);
  },
);

test(
  'a disk that large objects have filled lets them be read and deleted',
  { skip: needsSmallDisk },
  async () => {
    const disk = await startOnSmallDisk(DISK_MIB);
    const put = putTo(disk);
    // Each its own content: the same would be one file. The last ones fill what is left by the first.
    const stored = new Map<string, Buffer>();
    for (const size of [MIB, 70_000]) {
      for (;;) {
        const [key, body] = [`large ${stored.size}`, randomBytes(size)];
        const response = await put(key, body);
        if (response.status !== 200) {
          expectFull(response);
          break;
        }
        stored.set(key, body);
      }
    }
    assert.ok(stored.size > DISK_MIB / 2, `${stored.size}`);
    assert.deepEqual(await disk.temporaryFiles(), []);
    for (const [key, body] of stored) await expectObjects(disk, [key], body);
    for (const key of stored.keys()) expectStatus(await disk.server.s3.object('DELETE', 'disk', key), 204);
    await eventually(async () => expectStatus(await put('huge', randomBytes(20 * MIB)), 200));
    await end(disk);
  },
);

test('a disk that others fill to the last byte stops nothing', { skip: needsSmallDisk }, async () => {
  const disk = await startOnSmallDisk(DISK_MIB);
  const put = putTo(disk);
  const { s3 } = disk.server;
  expectStatus(await put('small', SMALL), 200);
  expectStatus(await put('large', LARGE), 200);
  for (let i = 0; i < 5; i++) expectStatus(await put(`log ${i}`, SMALL), 200);
  await disk.fill();
  for (const body of [SMALL, LARGE, Buffer.alloc(0)]) expectFull(await put('refused', body));
  assert.deepEqual(await disk.temporaryFiles(), []);
  await expectObjects(disk, ['small'], SMALL);
  await expectObjects(disk, ['large'], LARGE);
  // What is deleted is deleted, and what is not is still there.
  for (let i = 0; i < 5; i++) {
    const { status } = await s3.object('DELETE', 'disk', `log ${i}`);
    assert.ok(status === 204 || status === 503, `${status}`);
    const read = await s3.object('GET', 'disk', `log ${i}`);
    assert.equal(read.status, status === 204 ? 404 : 200);
  }
  await expectReady(disk);

  await disk.clear();
  expectStatus(await put('small again', SMALL), 200);
  expectStatus(await put('large again', LARGE), 200);
  expectStatus(await s3.object('DELETE', 'disk', 'large'), 204);
  // There is no room in the database for what is in the log.
  await disk.fill();
  await end(disk);
});

test('an upload whose room others take while it comes is refused', { skip: needsSmallDisk }, async () => {
  const disk = await startOnSmallDisk(DISK_MIB);
  const { s3 } = disk.server;
  const body = randomBytes(2 * MIB);
  const connection = await beginUpload(s3, objectPath('disk', 'key'), body.length);
  await connection.send(body.subarray(0, MIB));
  await eventually(async () => assert.equal((await disk.temporaryFiles()).length, 1));
  await disk.fill();
  await connection.send(body.subarray(MIB));
  const answer = await connection.read();
  assert.equal(answer.status, 503);
  assert.match(answer.body.toString(), /<Code>ServiceUnavailable<.*The storage is full/);
  connection.close();
  assert.deepEqual(await disk.temporaryFiles(), []);
  await disk.clear();
  expectStatus(await putTo(disk)('key', body), 200);
  await end(disk);
});
