/**
 * @module What the disk has changed behind the server's back: no reader gets it, the scrub finds it and says whose it is,
 * and who uploads the same again has it mended.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import { expectStatus } from '../support/expect.ts';
import { readMetric } from '../support/metrics.ts';
import type { S3 } from '../support/s3.ts';
import { needsBlobFiles, startTestServer } from '../support/server.ts';

const MIB = 1024 * 1024;
const BLOCK = 128 * 1024;

interface Damage {
  readonly damaged: readonly { readonly blob: number; readonly reason: string }[];
  readonly scrub: { readonly rounds: number };
}

const damageOf = async (s3: S3): Promise<Damage> =>
  JSON.parse((await s3.send('GET', '/-/api/damage')).text) as Damage;

async function blobFile(dataDir: string, before: ReadonlySet<string>): Promise<string> {
  const files = await blobFiles(dataDir);
  const [path, ...others] = files.filter((file) => !before.has(file));
  assert.ok(path !== undefined && others.length === 0);
  return path;
}

async function blobFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  await writeFile(path, bytes);
}

/** The whole answer, or undefined when it broke off. */
async function get(
  s3: S3,
  key: string,
  range?: string,
): Promise<{ status: number; body: Buffer } | undefined> {
  const headers = range === undefined ? {} : { range };
  return s3.object('GET', 'rot', key, { headers }).catch(() => undefined);
}

suite('a blob that the disk has changed', { skip: needsBlobFiles }, async () => {
  const scrub = { bytesPerSecond: 2 ** 30, intervalMs: 200 };
  const logged: string[] = [];
  const { s3, dataDir } = await startTestServer({
    buckets: ['rot'],
    scrub,
    logLevel: 'error',
    onLog: (lines) => logged.push(lines),
  });
  const put = async (key: string, body: Buffer): Promise<void> => {
    expectStatus(await s3.object('PUT', 'rot', key, { body }), 200);
  };

  /** Stores an object, and gives the path of its file. */
  const store = async (key: string, body: Buffer): Promise<string> => {
    const before = new Set(await blobFiles(dataDir));
    await put(key, body);
    return blobFile(dataDir, before);
  };

  test('is no answer: an error before the first byte, a broken connection later, and other blocks are read', async () => {
    const body = randomBytes(2 * MIB + 5);
    const path = await store('large', body);
    const at = MIB + 3 * BLOCK + 7;
    await flip(path, at);
    const whole = await get(s3, 'large');
    assert.ok(whole === undefined || whole.status === 500);
    const touched = await get(s3, 'large', `bytes=${at + 1}-${at + 1}`);
    assert.equal(touched?.status, 500);
    const other = await get(s3, 'large', `bytes=${MIB}-${MIB + 99}`);
    assert.equal(other?.status, 206);
    assert.ok(other.body.equals(body.subarray(MIB, MIB + 100)));
    await flip(path, at);
    assert.ok((await get(s3, 'large'))?.body.equals(body));
  });

  for (const [what, change] of [
    ['is shorter', (path: string) => truncate(path, 70_000)],
    ['is empty', (path: string) => truncate(path, 0)],
    ['is gone', (path: string) => unlink(path)],
    ['is another', (path: string) => writeFile(path, randomBytes(200_000))],
  ] as const) {
    test(`and ${what} is found by the scrub, and mended by who uploads it again`, async () => {
      const body = randomBytes(200_000);
      const path = await store(what, body);
      await change(path);
      await eventually(async () => {
        const { damaged } = await damageOf(s3);
        assert.equal(damaged.length, 1);
      });
      await eventually(async () => assert.ok(logged.some((line) => line.includes(`rot/${what}`))));
      const refused = await get(s3, what);
      assert.ok(refused === undefined || refused.status === 500);
      // Another key with the same content does not refer to what is damaged.
      await put(`${what} too`, body);
      assert.ok((await get(s3, `${what} too`))?.body.equals(body));
      assert.ok((await get(s3, what))?.body.equals(body));
      await eventually(async () => assert.deepEqual((await damageOf(s3)).damaged, []));
    });
  }

  test('is counted, and the server stays ready', async () => {
    assert.ok((await readMetric(s3, 'cistern_scrub_damaged_total')) > 0);
    assert.ok((await readMetric(s3, 'cistern_scrub_healed_total')) > 0);
    expectStatus(await s3.send('GET', '/-/health/ready'), 200);
  });
});
