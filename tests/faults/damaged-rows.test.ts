/**
 * @module What an operator can do about rows of buckets and uploads that the disk has changed: see them in the listings beside
 * all others, which go on as before, and get rid of an upload.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { startServer } from 'cistern';

import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { S3 } from '../support/s3.ts';
import { REGION, dataFiles } from '../support/server.ts';
import { texts } from '../support/xml.ts';

const BUCKETS = ['films', 'photos', 'texts'];

/** Serves a directory of three buckets, the first time as it was made, then as `spoil` has left it. */
async function serveSpoilt(
  t: TestContext,
  { fill, spoil }: { fill: (s3: S3) => Promise<void>; spoil: string },
): Promise<{ s3: S3; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-damaged-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const options = { dataDir, buckets: BUCKETS, reaperIdleMs: 10 };
  const serve = async (): Promise<{ s3: S3; close: () => Promise<void> }> => {
    const server = await startServer(options);
    const { endpoint, credentials } = server;
    const s3 = new S3({ endpoint, credentials, region: REGION });
    return { s3, close: async () => void (await Promise.all([s3.close(), server.close()])) };
  };
  const first = await serve();
  await fill(first.s3);
  await first.close();
  const db = new DatabaseSync(join(dataDir, 'catalog.db'));
  db.exec(spoil);
  db.close();
  const second = await serve();
  t.after(() => second.close());
  return { s3: second.s3, dataDir };
}

for (const change of ["owner = owner || 'x'", 'versioning = 1', 'state = 1', 'created_ms = 1 << 62'])
  test(`a damaged bucket is listed with the others, and answered with 500: ${change}`, async (t) => {
    const { s3 } = await serveSpoilt(t, {
      fill: async (before) => expectStatus(await before.object('PUT', 'texts', 'k', { body: 'x' }), 200),
      spoil: `UPDATE buckets SET ${change} WHERE name = 'photos'`,
    });
    const listed = await s3.send('GET', '/');
    expectStatus(listed, 200);
    assert.deepEqual(texts(listed.text, 'Name'), BUCKETS);
    expectError(await s3.bucket('GET', 'photos'), 500, 'InternalError');
    assert.equal((await s3.object('GET', 'texts', 'k')).text, 'x');
  });

test('a damaged upload is listed with the others and can be aborted, and so can its bucket be deleted', async (t) => {
  let damaged = '';
  const { s3, dataDir } = await serveSpoilt(t, {
    fill: async (before) => {
      for (const key of ['damaged', 'whole']) {
        const upload = await MultipartUpload.begin(before, 'films', key);
        await upload.part(1, Buffer.alloc(100_000, key));
        if (key === 'damaged') damaged = upload.id;
      }
    },
    spoil: "UPDATE uploads SET initiator = 'x' WHERE key = 'damaged'",
  });
  const blobs = async (): Promise<number> =>
    (await dataFiles(dataDir)).filter((path) => path.startsWith('blobs/')).length;
  assert.equal(await blobs(), 2);
  const query = { uploadId: damaged };
  expectError(await s3.object('GET', 'films', 'damaged', { query }), 500, 'InternalError');
  const listed = await s3.bucket('GET', 'films', { query: 'uploads' });
  assert.deepEqual(texts(listed.text, 'Key'), ['damaged', 'whole']);
  assert.equal(texts(listed.text, 'UploadId')[0], damaged);
  expectStatus(await s3.object('DELETE', 'films', 'damaged', { query }), 204);
  expectError(await s3.object('DELETE', 'films', 'damaged', { query }), 404, 'NoSuchUpload');
  await eventually(async () => assert.equal(await blobs(), 1));
  const left = await s3.bucket('GET', 'films', { query: 'uploads' });
  assert.deepEqual(texts(left.text, 'Key'), ['whole']);
  expectStatus(await s3.bucket('DELETE', 'films'), 204);
});
