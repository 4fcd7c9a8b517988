/** What deleted snapshots and failed forks leave, and that it is removed in slices, whenever the process ends. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { snapshotBucketName } from '@cistern/protocol';

import { deletions, inline, listing, publication, withCode } from '../requests.fixtures.ts';
import { DamagedRow } from '../damaged-row.ts';
import { CatalogError } from '../errors.ts';
import { BUCKET_STATE, PLACE } from './schema.ts';
import { count, openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';

const RETIRED = `SELECT count(*) FROM versions WHERE place = ${PLACE.retired}`;
const SNAPSHOTS = 'SELECT count(*) FROM snapshots';

interface Fixture extends SqliteStore {
  readonly bucket: number;
  /** Makes so many objects anew. */
  readonly put: (objects: number, text: string) => Promise<void>;
  readonly sweep: () => number;
}

async function setUp(t: TestContext, directory = temporaryDirectory(t)): Promise<Fixture> {
  const store = openSqliteStore(t, { directory });
  const { catalog, sweeper } = store;
  const found = await catalog.findBucket('photos');
  const { id: bucket } =
    found ?? (await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' }));
  return {
    ...store,
    bucket,
    put: async (objects, text) => {
      await Promise.all(
        Array.from({ length: objects }, (_, i) =>
          catalog.publishVersion(publication({ bucket, key: `k${i}`, ...inline(text) })),
        ),
      );
    },
    sweep: () => {
      let slices = 0;
      while (sweeper.step()) assert.ok(++slices < 100, 'it comes to no end');
      return slices;
    },
  };
}

suite('a deleted snapshot', () => {
  test('leaves what it alone showed, which goes in slices, and its row with the last', async (t) => {
    const { catalog, db, bucket, put, sweeper, sweep } = await setUp(t);
    await put(500, 'before');
    await catalog.snapshots.create(bucket, 'daily');
    await put(500, 'after');
    assert.equal(count(db, RETIRED), 500);
    assert.equal(sweep(), 0);
    await catalog.snapshots.delete(bucket, 'daily');
    sweeper.step();
    assert.equal(count(db, RETIRED), 300);
    assert.equal(count(db, SNAPSHOTS), 1);
    sweep();
    assert.deepEqual([count(db, RETIRED), count(db, SNAPSHOTS)], [0, 0]);
    assert.equal(count(db, 'SELECT count(*) FROM blobs'), 500);
    assert.equal(count(db, `SELECT snapshot_seq FROM buckets`), 0);
  });

  test('leaves what others show, whether they are older or younger', async (t) => {
    const { catalog, db, bucket, put, sweep } = await setUp(t);
    for (const name of ['s1', 's2', 's3']) {
      await put(1, name);
      await catalog.snapshots.create(bucket, name);
    }
    await put(1, 'now');
    await catalog.snapshots.delete(bucket, 's2');
    sweep();
    assert.deepEqual([count(db, RETIRED), count(db, SNAPSHOTS)], [2, 2]);
    await catalog.snapshots.delete(bucket, 's3');
    // Nothing is retired any more for a snapshot that is being deleted.
    await catalog.deleteVersions(bucket, deletions('k0'));
    assert.equal(count(db, RETIRED), 2);
    sweep();
    assert.deepEqual([count(db, RETIRED), count(db, SNAPSHOTS)], [1, 1]);
  });

  test('is not the end of a pass for one that was deleted while it was under way', async (t) => {
    const { catalog, db, bucket, put, sweeper, sweep } = await setUp(t);
    await put(300, 'one');
    await catalog.snapshots.create(bucket, 's1');
    await put(300, 'two');
    await catalog.snapshots.create(bucket, 's2');
    await catalog.snapshots.delete(bucket, 's1');
    sweeper.step();
    // Behind the pass: it would not come here again.
    await put(1, 'three');
    await catalog.snapshots.delete(bucket, 's2');
    sweep();
    assert.deepEqual([count(db, RETIRED), count(db, SNAPSHOTS)], [0, 0]);
  });

  test('is swept after a restart in the middle', async (t) => {
    const directory = temporaryDirectory(t);
    const first = await setUp(t, directory);
    await first.put(500, 'before');
    await first.catalog.snapshots.create(first.bucket, 'daily');
    await first.put(500, 'after');
    await first.catalog.snapshots.delete(first.bucket, 'daily');
    first.sweeper.step();
    first.crash();
    const second = await setUp(t, directory);
    assert.equal(count(second.db, RETIRED), 300);
    second.sweep();
    assert.deepEqual([count(second.db, RETIRED), count(second.db, SNAPSHOTS)], [0, 0]);
  });

  test('does not hold its bucket, nor does what it leaves', async (t) => {
    const { catalog, db, bucket, put, sweep } = await setUp(t);
    await put(3, 'x');
    await catalog.snapshots.create(bucket, 'daily');
    await catalog.deleteVersions(bucket, deletions('k0', 'k1', 'k2'));
    await catalog.snapshots.delete(bucket, 'daily');
    await catalog.deleteBucket(bucket);
    assert.equal(count(db, RETIRED), 3);
    sweep();
    for (const table of ['versions', 'snapshots', 'manifests', 'blobs']) {
      assert.equal(count(db, `SELECT count(*) FROM ${table}`), 0, table);
    }
  });

  test('whose slice fails is swept from the beginning', async (t) => {
    const { catalog, db, bucket, queue, put, sweeper, sweep } = await setUp(t);
    await put(300, 'before');
    await catalog.snapshots.create(bucket, 'daily');
    await put(300, 'after');
    await catalog.snapshots.delete(bucket, 'daily');
    sweeper.step();
    const failure = new CatalogError('StorageFull', 'full');
    const removing = t.mock.method(queue.sql.snapshots.deleteRow, 'run', () => {
      throw failure;
    });
    assert.throws(() => sweeper.step(), failure);
    assert.equal(count(db, RETIRED), 100);
    removing.mock.restore();
    sweep();
    assert.deepEqual([count(db, RETIRED), count(db, SNAPSHOTS)], [0, 0]);
  });
});

suite('a fork', () => {
  const request = (bucket: number): Parameters<SqliteStore['catalog']['snapshots']['fork']>[0] => ({
    source: bucket,
    sourceAsOf: null,
    name: 'forked',
    owner: 'alice',
    region: 'us-east-1',
  });

  test('holds its source only while it is made', async (t) => {
    const { catalog, db, bucket, put, sweep } = await setUp(t);
    await put(5, 'before');
    const { id } = await catalog.snapshots.fork(request(bucket));
    assert.equal(count(db, 'SELECT max(snapshot_seq) FROM buckets'), 0);
    sweep();
    assert.equal(count(db, SNAPSHOTS), 0);
    assert.deepEqual(await catalog.snapshots.list(bucket), []);
    assert.equal((await catalog.listObjects(listing(id))).versions.length, 5);
    assert.equal(count(db, 'SELECT count(*) FROM manifests WHERE refs = 2'), 5);
  });

  test('that a crash has cut short is seen by nobody, and removed by the next start', async (t) => {
    const directory = temporaryDirectory(t);
    const first = await setUp(t, directory);
    await first.put(700, 'x');
    const { plan } = await first.write('beginFork', request(first.bucket));
    const { next } = await first.write('copyForkSlice', { plan, from: '' });
    assert.ok(next !== null);
    assert.equal(await first.catalog.findBucket('forked'), undefined);
    first.crash();

    const second = await setUp(t, directory);
    assert.equal(count(second.db, `SELECT count(*) FROM buckets WHERE state = ${BUCKET_STATE.forking}`), 0);
    // Its name is free before all of it is removed.
    assert.equal(count(second.db, `SELECT count(*) FROM versions WHERE bucket = ${plan.fork}`), 500);
    await second.catalog.createBucket({ name: 'forked', owner: 'bob', region: 'us-east-1' });
    assert.ok(second.sweep() > 2);
    assert.equal(count(second.db, 'SELECT count(*) FROM buckets'), 2);
    assert.equal(count(second.db, `SELECT count(*) FROM versions WHERE bucket = ${plan.fork}`), 0);
    assert.equal(count(second.db, 'SELECT count(*) FROM manifests WHERE refs = 1'), 700);
    assert.deepEqual(
      [count(second.db, SNAPSHOTS), count(second.db, 'SELECT max(snapshot_seq) FROM buckets')],
      [0, 0],
    );
  });

  test('that fails in the middle is given up', async (t) => {
    const { catalog, db, bucket, queue, put, sweep } = await setUp(t);
    await put(700, 'x');
    let copied = 0;
    const copy = queue.sql.snapshots.copyVersion;
    const original = copy.run.bind(copy);
    t.mock.method(copy, 'run', (...row: Parameters<typeof original>) => {
      if (++copied > 600) throw new CatalogError('StorageFull', 'full');
      return original(...row);
    });
    await assert.rejects(catalog.snapshots.fork(request(bucket)), withCode('StorageFull'));
    assert.equal(await catalog.findBucket('forked'), undefined);
    sweep();
    assert.deepEqual([count(db, 'SELECT count(*) FROM buckets'), count(db, SNAPSHOTS)], [1, 0]);
    assert.equal(count(db, 'SELECT count(*) FROM versions'), 700);
    assert.equal(count(db, 'SELECT count(*) FROM manifests WHERE refs = 1'), 700);
  });
});

suite('when the disk has changed the row', () => {
  for (const state of [BUCKET_STATE.forking, BUCKET_STATE.removing]) {
    test(`of a bucket to state ${state}, it is not removed, and answered to nobody`, async (t) => {
      const directory = temporaryDirectory(t);
      const first = await setUp(t, directory);
      await first.put(5, 'x');
      first.db.exec(`UPDATE buckets SET state = ${state}`);
      first.crash();
      const { catalog, db, sweeper } = openSqliteStore(t, { directory });
      assert.equal(sweeper.step(), false);
      assert.deepEqual(
        [count(db, 'SELECT count(*) FROM buckets'), count(db, 'SELECT count(*) FROM versions')],
        [1, 5],
      );
      await assert.rejects(catalog.findBucket('photos'), DamagedRow);
      await catalog.setBucketTags(first.bucket, '[["a","b"]]');
      await assert.rejects(catalog.findBucket('photos'), DamagedRow);
    });
  }

  test('of a snapshot, what any snapshot of the bucket shows is kept', async (t) => {
    const { catalog, db, bucket, put, sweep } = await setUp(t);
    await put(5, 'before');
    await catalog.snapshots.create(bucket, 'daily');
    await catalog.snapshots.create(bucket, 'weekly');
    await put(5, 'after');
    db.exec("UPDATE snapshots SET seq = 1 WHERE name = 'daily'");
    await catalog.snapshots.delete(bucket, 'weekly');
    assert.equal(sweep(), 0);
    assert.equal(count(db, RETIRED), 5);
    assert.ok(count(db, 'SELECT snapshot_seq FROM buckets') > 1);
    await assert.rejects(catalog.snapshots.list(bucket), DamagedRow);
    await assert.rejects(catalog.findBucket(snapshotBucketName('photos', 'daily')), DamagedRow);
  });
});
