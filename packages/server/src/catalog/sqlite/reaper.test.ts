/** Blobs are deleted when nothing refers to them and nobody reads them any more, and not before. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { Reservation } from '../catalog.ts';
import { EXTENTS_PAGE, extentsOf } from '../extents.ts';
import { copyOf, deletions, inline, publication, sha256, withCode } from '../requests.fixtures.ts';
import { BLOB_STATE } from './schema.ts';
import { count, openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import type { SqliteStore, SqliteStoreOptions } from './sqlite-store.testing.ts';
import { sumRows } from './sum-rows.testing.ts';

const LENGTH = 1 << 20;
const BLOBS = 'SELECT count(*) FROM blobs';

interface Store extends SqliteStore {
  readonly bucket: number;
  reserve(content: string): Promise<Reservation>;
  /** Publishes `content`; resolves to where its blob is. */
  upload(key: string, content: string): Promise<string>;
}

async function open(t: TestContext, options: SqliteStoreOptions = {}): Promise<Store> {
  const store = openSqliteStore(t, options);
  const { catalog } = store;
  const { id: bucket } =
    (await catalog.findBucket('photos')) ??
    (await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' }));
  const reserve = (content: string): Promise<Reservation> =>
    catalog.reserveBlob({ scope: bucket, sha256: sha256(content), length: LENGTH });
  const upload = async (key: string, content: string): Promise<string> => {
    const { blob, location } = await reserve(content);
    await catalog.publishVersion(publication({ bucket, key, size: LENGTH, content: { kind: 'blob', blob } }));
    return location;
  };
  return { ...store, bucket, reserve, upload };
}

/** Takes the reaper's steps until it has nothing to do at once. */
async function reap({ reaper }: SqliteStore): Promise<void> {
  while (await reaper.step());
}

suite('a blob that was given up', () => {
  test('is deleted, bytes and row', async (t) => {
    const store = await open(t);
    const old = await store.upload('k', 'old');
    await store.upload('k', 'new');
    await reap(store);
    assert.deepEqual(store.deleted, [old]);
    assert.equal(count(store.db, BLOBS), 1);
    assert.equal(store.reaper.deletedTotal, 1);
    assert.equal(await store.reaper.step(), false);
  });

  test('stays until the readers that may see it have left, and later readers do not matter', async (t) => {
    const store = await open(t);
    const old = await store.upload('k', 'old');
    await store.upload('other', 'other');
    const first = await store.catalog.openVersion(store.bucket, 'k');
    const second = await store.catalog.openVersion(store.bucket, 'k');
    await store.upload('k', 'new');
    await reap(store);
    assert.deepEqual(store.deleted, []);
    const later = await store.catalog.openVersion(store.bucket, 'k');
    first?.release();
    await reap(store);
    assert.deepEqual(store.deleted, []);
    assert.equal((await second?.extents(0, 1))?.[0]?.location, old);
    second?.release();
    await reap(store);
    assert.deepEqual(store.deleted, [old]);
    assert.notEqual((await later?.extents(0, 1))?.[0]?.location, old);
    later?.release();
  });

  test('is had back, without a wait, by who stores the same while somebody still reads it', async (t) => {
    const store = await open(t);
    const { catalog, bucket } = store;
    const location = await store.upload('k', 'content');
    const reader = await catalog.openVersion(bucket, 'k');
    await catalog.deleteVersions(bucket, deletions('k'));
    await reap(store);
    assert.equal(await store.upload('k', 'content'), location);
    // Given up again, it is seen by whoever has read it in between.
    const later = await catalog.openVersion(bucket, 'k');
    await catalog.deleteVersions(bucket, deletions('k'));
    reader?.release();
    await reap(store);
    assert.deepEqual(store.deleted, []);
    later?.release();
    await reap(store);
    assert.deepEqual(store.deleted, [location]);
    assert.equal(count(store.db, BLOBS), 0);
  });

  test('stays as long as another object shares it', async (t) => {
    const store = await open(t);
    const { catalog, bucket } = store;
    const location = await store.upload('a', 'same');
    await store.upload('b', 'same');
    const version = await catalog.findVersion(bucket, 'a');
    assert.ok(version);
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'c' }));
    for (const key of ['a', 'b']) {
      await catalog.deleteVersions(bucket, deletions(key));
      await reap(store);
      assert.deepEqual(store.deleted, []);
    }
    await catalog.deleteVersions(bucket, deletions('c'));
    await reap(store);
    assert.deepEqual(store.deleted, [location]);
  });

  test('is not in the way of an inline object, which goes with its version', async (t) => {
    const store = await open(t);
    const { catalog, bucket } = store;
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('hello') }));
    await catalog.deleteVersions(bucket, deletions('k'));
    assert.equal(count(store.db, BLOBS), 0);
    assert.equal(count(store.db, 'SELECT count(*) FROM manifests'), 0);
    assert.equal(count(store.db, 'SELECT count(*) FROM extents'), 0);
  });

  test('whose bytes could not be deleted is tried again', async (t) => {
    let fail = true;
    const deleteBlob = async (): Promise<void> => {
      if (fail) throw new Error('read-only file system');
    };
    const store = await open(t, { deleteBlob });
    const old = await store.upload('k', 'old');
    await store.catalog.deleteVersions(store.bucket, deletions('k'));
    await assert.rejects(store.reaper.step(), /read-only/);
    assert.equal(count(store.db, BLOBS), 1);
    fail = false;
    await reap(store);
    assert.deepEqual(store.deleted, [old]);
    assert.equal(count(store.db, BLOBS), 0);
  });
});

test('blobs are deleted though one of them cannot be', async (t) => {
  let stuck = '';
  const deleteBlob = async (location: string): Promise<void> => {
    if (location === stuck) throw new Error('read-only file');
  };
  const store = await open(t, { deleteBlob });
  const locations: string[] = [];
  for (const key of ['a', 'b', 'c']) locations.push(await store.upload(key, key));
  stuck = locations[1] ?? '';
  await store.catalog.deleteVersions(store.bucket, deletions('a', 'b', 'c'));
  await assert.rejects(store.reaper.step(), /read-only/);
  assert.deepEqual(store.deleted, [locations[0], locations[2]]);
  assert.equal(store.reaper.deletedTotal, 2);
  // Nor does it hold up what is given up later.
  const later = await store.upload('d', 'd');
  await store.catalog.deleteVersions(store.bucket, deletions('d'));
  await assert.rejects(store.reaper.step(), /read-only/);
  assert.deepEqual(store.deleted, [locations[0], locations[2], later]);
  assert.equal(count(store.db, BLOBS), 1);
  stuck = '';
  await reap(store);
  assert.equal(count(store.db, BLOBS), 0);
});

suite('a reservation', () => {
  test('keeps a blob that nothing refers to', async (t) => {
    const store = await open(t);
    const { blob, location } = await store.reserve('new');
    await store.upload('k', 'content');
    const again = await store.reserve('content');
    await store.catalog.deleteVersions(store.bucket, deletions('k'));
    await reap(store);
    assert.deepEqual(store.deleted, []);
    await store.catalog.releaseBlob(blob);
    await reap(store);
    assert.deepEqual(store.deleted, [location]);
    await store.catalog.releaseBlob(again.blob);
    await reap(store);
    assert.deepEqual(store.deleted, [location, again.location]);
  });

  test('keeps it until the last of several has ended', async (t) => {
    const store = await open(t);
    const [one, two] = [await store.reserve('x'), await store.reserve('x')];
    await store.catalog.releaseBlob(one.blob);
    await reap(store);
    assert.deepEqual(store.deleted, []);
    await store.catalog.releaseBlob(two.blob);
    await reap(store);
    assert.deepEqual(store.deleted, [two.location]);
  });

  test('is used up by a publication that was refused', async (t) => {
    const store = await open(t);
    await store.upload('k', 'old');
    const { blob, location } = await store.reserve('new');
    const request = publication({ bucket: store.bucket, key: 'k', content: { kind: 'blob', blob } });
    await assert.rejects(
      store.catalog.publishVersion({ ...request, condition: { ifAbsent: true } }),
      withCode('PreconditionFailed'),
    );
    await reap(store);
    assert.deepEqual(store.deleted, [location]);
  });

  test('of content that is being deleted waits, and is a new blob', async (t) => {
    const deleting = Promise.withResolvers<undefined>();
    const mayEnd = Promise.withResolvers<undefined>();
    const deleteBlob = (): Promise<undefined> => {
      deleting.resolve(undefined);
      return mayEnd.promise;
    };
    const store = await open(t, { deleteBlob });
    const first = await store.reserve('content');
    await store.catalog.releaseBlob(first.blob);
    const step = store.reaper.step();
    await deleting.promise;
    let answered = false;
    const waiting = Promise.all([store.reserve('content'), store.reserve('content')]).then((reservations) => {
      answered = true;
      return reservations;
    });
    // Others are not held up by it.
    await store.upload('k', 'other');
    await store.queue.drained();
    assert.equal(answered, false);
    mayEnd.resolve(undefined);
    await step;
    const [second, third] = await waiting;
    assert.notEqual(second.blob, first.blob);
    assert.deepEqual(third, second);
    assert.equal(second.location, first.location);
    assert.equal(second.stored, false);
    await reap(store);
    assert.deepEqual(store.deleted, [first.location]);
    await store.upload('again', 'content');
  });

  test('of many does not hide what is to be deleted', async (t) => {
    const store = await open(t);
    await Promise.all(Array.from({ length: 450 }, (_, i) => store.reserve(`reserved ${i}`)));
    const { blob, location } = await store.reserve('last');
    await store.catalog.releaseBlob(blob);
    await reap(store);
    assert.deepEqual(store.deleted, [location]);
    assert.equal(store.queue.pins.size, 450);
  });
});

suite('after a crash', () => {
  test('blobs that were only reserved are deleted, and those in use are not', async (t) => {
    const directory = temporaryDirectory(t);
    const before = await open(t, { directory });
    await before.upload('k', 'used');
    const { location } = await before.reserve('never published');
    before.crash();
    const after = await open(t, { directory });
    await reap(after);
    assert.deepEqual(after.deleted, [location]);
    assert.equal(count(after.db, BLOBS), 1);
  });

  test('a deletion that had begun is finished, before the same content is stored again', async (t) => {
    const directory = temporaryDirectory(t);
    const deleteBlob = async (): Promise<void> => {
      throw new Error('the power goes');
    };
    const before = await open(t, { directory, deleteBlob });
    const location = await before.upload('k', 'content');
    await before.catalog.deleteVersions(before.bucket, deletions('k'));
    await assert.rejects(before.reaper.step());
    assert.equal(count(before.db, 'SELECT state FROM blobs'), BLOB_STATE.deleting);
    before.crash();

    const after = await open(t, { directory });
    const waiting = after.upload('k', 'content');
    await after.queue.drained();
    assert.equal(await after.catalog.findVersion(after.bucket, 'k'), undefined);
    await reap(after);
    assert.deepEqual(after.deleted, [location]);
    await waiting;
    await reap(after);
    assert.deepEqual(after.deleted, [location]);
  });
});

suite('a manifest of many extents', () => {
  const PIECE = 1000;
  const FIRST_ID = 1_000_000;

  /** Gives a version as many extents, each a blob of its own, as a multipart upload would. */
  async function withLongManifest(store: Store, extents: number, key = 'k', id = FIRST_ID): Promise<void> {
    const { catalog, bucket, queue, db } = store;
    await catalog.publishVersion(publication({ bucket, key, size: extents * PIECE }));
    queue.transact(() => {
      const numbers = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${extents - 1})`;
      db.exec(`
        INSERT INTO manifests VALUES (${id}, 1, ${extents}, ${extents * PIECE});
        ${numbers} INSERT INTO blobs
          SELECT ${id} + i, ${bucket}, randomblob(32), ${BLOB_STATE.live}, 1, 0, ${PIECE}, ${PIECE}, 'at/' || (${id - FIRST_ID} + i), '', NULL, NULL, NULL
          FROM n;
        ${numbers} INSERT INTO extents SELECT ${id}, i * ${PIECE}, ${PIECE}, ${id} + i, 0, NULL FROM n;
        UPDATE versions SET manifest = ${id}, extents = ${extents} WHERE bucket = ${bucket} AND key = '${key}';`);
      sumRows(db, 'extents', 'versions');
    });
  }

  test('is read by the range', async (t) => {
    const store = await open(t);
    await withLongManifest(store, 40);
    const opened = await store.catalog.openVersion(store.bucket, 'k');
    assert.ok(opened);
    const starts = async (start: number, end: number): Promise<number[]> =>
      (await opened.extents(start, end)).map((extent) => extent.start / PIECE);
    assert.deepEqual(await starts(0, 1), [0]);
    assert.deepEqual(await starts(999, 1001), [0, 1]);
    assert.deepEqual(await starts(1000, 2000), [1]);
    assert.deepEqual(await starts(20_500, 23_000), [20, 21, 22]);
    assert.deepEqual(await starts(39_999, 40_000), [39]);
    assert.equal((await starts(0, 40_000)).length, EXTENTS_PAGE);
    assert.deepEqual(await starts(7, 7), []);
    const all: number[] = [];
    for await (const { start } of extentsOf(opened, 0, 40_000)) all.push(start / PIECE);
    assert.deepEqual(
      all,
      Array.from({ length: 40 }, (_, i) => i),
    );
    opened.release();
  });

  for (const extents of [17, 200, 2000, 4100]) {
    test(`of ${extents} is taken apart when its readers have left`, async (t) => {
      const store = await open(t);
      await withLongManifest(store, extents);
      const opened = await store.catalog.openVersion(store.bucket, 'k');
      assert.equal(opened?.version.extents, extents);
      await store.catalog.deleteVersions(store.bucket, deletions('k'));
      await reap(store);
      const last = await opened.extents((extents - 1) * PIECE, extents * PIECE);
      assert.deepEqual(
        last.map(({ location }) => location),
        [`at/${extents - 1}`],
      );
      assert.deepEqual(store.deleted, []);
      opened.release();
      await reap(store);
      assert.equal(new Set(store.deleted).size, extents);
      assert.equal(store.deleted.length, extents);
      for (const table of ['manifests', 'extents', 'blobs']) {
        assert.equal(count(store.db, `SELECT count(*) FROM ${table}`), 0, table);
      }
    });
  }

  test('goes with many others when their readers have left, blobs as well, and none waits by itself', async (t) => {
    const store = await open(t);
    const { catalog, bucket } = store;
    const keys = Array.from({ length: 250 }, (_, i) => `k${i}`);
    for (const [i, key] of keys.entries()) await withLongManifest(store, 20, key, FIRST_ID + i * 100);
    await store.upload('read', 'read');
    const reader = await catalog.openVersion(bucket, 'read');
    await catalog.deleteVersions(bucket, deletions(...keys));
    await reap(store);
    assert.equal(count(store.db, 'SELECT count(*) FROM extents'), 1 + 250 * 20);
    // Another begins before the first has left: while a bucket is read there is always somebody in an epoch before now.
    const later = await catalog.openVersion(bucket, 'read');
    reader?.release();
    await reap(store);
    assert.equal(count(store.db, 'SELECT count(*) FROM extents'), 1);
    const last = await catalog.openVersion(bucket, 'read');
    later?.release();
    await reap(store);
    assert.equal(new Set(store.deleted).size, 2000);
    last?.release();
    await reap(store);
    assert.equal(new Set(store.deleted).size, 250 * 20);
    assert.equal(count(store.db, 'SELECT count(*) FROM manifests'), 1);
  });

  test('that a crash left half taken apart is finished', async (t) => {
    const directory = temporaryDirectory(t);
    const before = await open(t, { directory });
    await withLongManifest(before, 4100);
    await before.catalog.deleteVersions(before.bucket, deletions('k'));
    await before.reaper.step();
    const left = count(before.db, 'SELECT count(*) FROM extents');
    assert.ok(left > 0 && left < 4100, `${left}`);
    before.crash();
    const after = await open(t, { directory });
    await reap(after);
    for (const table of ['manifests', 'extents', 'blobs']) {
      assert.equal(count(after.db, `SELECT count(*) FROM ${table}`), 0, table);
    }
    assert.equal(new Set([...before.deleted, ...after.deleted]).size, 4100);
  });
});
