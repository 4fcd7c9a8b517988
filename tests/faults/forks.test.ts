/**
 * @module kill -9 in the middle of a fork: nobody ever sees half of one, its name is free, and the next start removes what
 * was made of it; the source, written to meanwhile, has all that was acknowledged.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { eventually } from '../support/eventually.ts';
import { expectBareError, expectStatus } from '../support/expect.ts';
import type { S3 } from '../support/s3.ts';
import { text } from '../support/xml.ts';
import { startServerProcess } from './server-process.ts';
import { sumRows } from '../../packages/server/src/catalog/sqlite/sum-rows.testing.ts';

/** So many that a fork takes dozens of slices. */
const OBJECTS = 15_000;
const keyOf = (n: number): string => `k${String(n).padStart(6, '0')}`;
const FORK = { query: { 'cistern-fork': '' }, headers: { 'x-cistern-fork-source': 'source' } };

/** Makes many objects of one that is there, while no server runs. */
function multiply(path: string): void {
  const db = new DatabaseSync(path);
  db.exec(`
    BEGIN;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${OBJECTS})
      INSERT INTO versions SELECT bucket, place, printf('k%06d', n), seq, since, retired_seq, is_null, delete_marker,
        modified_ms, size, etag, storage_class, owner, manifest, extents, parts, checksum_algorithm, checksum_value, tags,
        attributes, restored_until_ms, NULL FROM versions, numbers WHERE key = 'k';
    UPDATE manifests SET refs = refs + ${OBJECTS};
    COMMIT`);
  sumRows(db, 'versions');
  db.close();
}

function numberOf(db: DatabaseSync, query: string): number {
  return Object.values(db.prepare(query).get() ?? {})[0] as number;
}

async function lastKey(s3: S3, bucket: string): Promise<string | undefined> {
  const response = await s3.bucket('GET', bucket, {
    query: { 'list-type': '2', 'start-after': keyOf(OBJECTS - 1) },
  });
  expectStatus(response, 200);
  return text(response.text, 'Key');
}

test('a fork that is cut short is seen by nobody, and gone after the next start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-forks-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const path = join(dataDir, 'catalog.db');
  const first = await startServerProcess(dataDir, ['--buckets', 'source']);
  await first.s3.put('source', 'k', 'bytes');
  await first.kill();
  multiply(path);

  let server = await startServerProcess(dataDir);
  for (let round = 1; round <= 2; round++) {
    const db = new DatabaseSync(path, { readOnly: true });
    const forking = server.s3.bucket('PUT', 'forked', FORK).then(
      () => 'answered',
      () => 'cut short',
    );
    while (numberOf(db, 'SELECT count(*) FROM versions WHERE bucket <> 1') < 1000 * round)
      await setImmediate();
    expectBareError(await server.s3.bucket('HEAD', 'forked'), 404);
    await server.s3.put('source', `a${round}`, 'written meanwhile');
    db.close();
    await server.kill();
    assert.equal(await forking, 'cut short');

    server = await startServerProcess(dataDir);
    expectBareError(await server.s3.bucket('HEAD', 'forked'), 404);
    assert.equal((await server.s3.object('GET', 'source', `a${round}`)).text, 'written meanwhile');
    const left = new DatabaseSync(path, { readOnly: true });
    await eventually(() => {
      assert.equal(numberOf(left, 'SELECT count(*) FROM buckets'), 1);
      assert.equal(numberOf(left, 'SELECT count(*) FROM versions'), OBJECTS + 1 + round);
      assert.equal(numberOf(left, 'SELECT count(*) FROM snapshots'), 0);
      assert.equal(numberOf(left, 'SELECT max(refs) FROM manifests'), OBJECTS + 1);
    });
    left.close();
  }
  expectStatus(await server.s3.bucket('PUT', 'forked', FORK), 200);
  assert.equal(await lastKey(server.s3, 'forked'), keyOf(OBJECTS));
  assert.equal((await server.s3.object('GET', 'forked', keyOf(OBJECTS))).text, 'bytes');
  await server.kill();
  const again = await startServerProcess(dataDir);
  assert.equal(await lastKey(again.s3, 'forked'), keyOf(OBJECTS));
  await again.kill();
});
