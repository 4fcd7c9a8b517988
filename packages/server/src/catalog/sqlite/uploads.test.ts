/** The space of uploads: what every end of one leaves behind, row by row and file by file. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { DamagedRow } from '../damaged-row.ts';
import { deletions, inline, publication, sha256 } from '../requests.fixtures.ts';
import { begin, complete, copyRange, send } from '../upload-requests.fixtures.ts';
import type { UploadName } from '../uploads.ts';
import { abortAbandoned } from './mutations/uploads/abort-upload.ts';
import { count, openSqliteStore } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';
import { sumRows } from './sum-rows.testing.ts';

const LENGTH = 1 << 20;

interface Fixture extends SqliteStore {
  readonly bucket: number;
  /** A part whose bytes are a file. */
  readonly sendFile: (name: UploadName, number: number, content: string) => Promise<string>;
  /** The reaper's work, to its end. */
  readonly reap: () => Promise<void>;
  /** Rows of manifests, extents, parts and blobs. */
  readonly rows: () => number[];
}

async function setUp(t: TestContext): Promise<Fixture> {
  const store = openSqliteStore(t);
  const { catalog, db, reaper } = store;
  const { id: bucket, scope } = await catalog.createBucket({ name: 'films', owner: 'alice', region: 'r' });
  return {
    ...store,
    bucket,
    sendFile: async (name, number, content) => {
      const reserved = await catalog.reserveBlob({ scope, sha256: sha256(content), length: LENGTH });
      const { blob, location } = reserved;
      await send(catalog, name, number, '', { size: LENGTH, content: { kind: 'blob', blob } });
      return location;
    },
    reap: async () => {
      while (await reaper.step());
    },
    rows: () =>
      ['manifests', 'extents', 'parts', 'blobs'].map((table) => count(db, `SELECT count(*) FROM ${table}`)),
  };
}

const NOTHING = [0, 0, 0, 0];

suite('the space of an upload', () => {
  test('comes back when it is aborted', async (t) => {
    const { catalog, bucket, sendFile, reap, rows, deleted } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    const locations = [await sendFile(name, 1, 'a'), await sendFile(name, 2, 'b')];
    await send(catalog, name, 3, 'small');
    await send(catalog, name, 4, '');
    assert.deepEqual(rows(), [1, 3, 4, 3]);
    await catalog.uploads.abortUpload(name);
    await reap();
    assert.deepEqual(rows(), NOTHING);
    assert.deepEqual(new Set(deleted), new Set(locations));
  });

  test('comes back for each part that is replaced', async (t) => {
    const { catalog, bucket, sendFile, reap, rows, deleted } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    const old = await sendFile(name, 1, 'a');
    await sendFile(name, 1, 'b');
    await send(catalog, name, 2, 'small');
    await send(catalog, name, 2, 'other');
    await sendFile(name, 1, 'b');
    await reap();
    assert.deepEqual(rows(), [1, 2, 2, 2]);
    assert.deepEqual(deleted, [old]);
  });

  test('comes back for parts that were left out, and for the rest with the object', async (t) => {
    const { catalog, bucket, sendFile, reap, rows, deleted } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    const locations = [
      await sendFile(name, 1, 'a'),
      await sendFile(name, 2, 'b'),
      await sendFile(name, 3, 'c'),
    ];
    await send(catalog, name, 4, 'small');
    await send(catalog, name, 5, 'small too');
    await complete(catalog, name, [2, 4]);
    await reap();
    assert.deepEqual(rows(), [1, 2, 2, 2]);
    assert.deepEqual(new Set(deleted), new Set([locations[0], locations[2]]));
    await catalog.deleteVersions(bucket, deletions('k'));
    await reap();
    assert.deepEqual(rows(), NOTHING);
    assert.deepEqual(new Set(deleted), new Set(locations));
  });

  test('is shared with what it was copied from, and with what is copied from it', async (t) => {
    const { catalog, bucket, reap, rows } = await setUp(t);
    await catalog.publishVersion(publication({ bucket, key: 'source', ...inline('source') }));
    const name = await begin(catalog, { bucket, key: 'k' });
    for (const number of [1, 2])
      await copyRange(catalog, name, { number, sourceBucket: bucket, sourceKey: 'source', start: 0, end: 4 });
    assert.deepEqual(rows(), [2, 3, 2, 1]);
    await catalog.deleteVersions(bucket, deletions('source'));
    await reap();
    assert.deepEqual(rows(), [1, 2, 2, 1]);
    await catalog.uploads.abortUpload(name);
    await reap();
    assert.deepEqual(rows(), NOTHING);
  });

  test('of more parts than a slice comes back, too', async (t) => {
    const { catalog, bucket, reap, rows } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    const numbers = Array.from({ length: 2100 }, (_, i) => i + 1);
    await Promise.all(numbers.map((number) => send(catalog, name, number, number % 3 === 0 ? '' : 'x')));
    await catalog.uploads.abortUpload(name);
    await reap();
    assert.deepEqual(rows(), NOTHING);
  });

  test('is kept as long as a reader may look its extents up', async (t) => {
    const { catalog, bucket, reap, rows } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    await complete(catalog, name);
    const opened = await catalog.openVersion(bucket, 'k');
    await catalog.deleteVersions(bucket, deletions('k'));
    await reap();
    assert.deepEqual(rows(), [1, 1, 1, 1]);
    assert.equal((await catalog.uploads.findPart(name.upload, 1))?.part.size, 3);
    opened?.release();
    await reap();
    assert.deepEqual(rows(), NOTHING);
  });
});

suite('an upload whose row the disk has changed', () => {
  for (const change of ["owner = 'x'", "key = 'x'", 'bucket = 999', 'state = 2', 'active_ms = -1'])
    test(`can be listed and aborted, and its space comes back: ${change}`, async (t) => {
      const { catalog, bucket, db, sendFile, reap, rows, deleted } = await setUp(t);
      const name = await begin(catalog, { bucket, key: 'k' });
      const other = await begin(catalog, { bucket, key: 'k2' });
      const location = await sendFile(name, 3, 'a');
      db.prepare(`UPDATE uploads SET ${change} WHERE id = ?`).run(name.upload);
      const page = { bucket, prefix: '', delimiter: '', after: { key: '' }, limit: 10 };
      const { uploads } = await catalog.uploads.listUploads(page);
      assert.ok(uploads.some(({ id }) => id === other.upload));
      assert.equal(uploads.length, /bucket|state/.test(change) ? 1 : 2);
      const stranger = { ...name, bucket: bucket + 1000, key: 'other' };
      await assert.rejects(catalog.uploads.abortUpload(stranger), DamagedRow);
      await catalog.uploads.abortUpload(name);
      await assert.rejects(catalog.uploads.abortUpload(name), { code: 'NoSuchUpload' });
      await catalog.uploads.abortUpload(other);
      await reap();
      assert.deepEqual(rows(), NOTHING);
      assert.deepEqual(deleted, [location]);
    });

  test('takes no bytes with it that may be an object’s', async (t) => {
    const { catalog, bucket, db, reap } = await setUp(t);
    for (const content of ['bytes', '']) {
      const name = await begin(catalog, { bucket, key: `k${content}` });
      await send(catalog, name, 1, content);
      await complete(catalog, name);
      db.prepare('UPDATE uploads SET state = 0 WHERE id = ?').run(name.upload);
      await catalog.uploads.abortUpload(name);
      await reap();
      const opened = await catalog.openVersion(bucket, name.key);
      assert.equal((await opened?.extents(0, 5))?.length, content === '' ? 0 : 1);
      opened?.release();
      assert.ok(await catalog.uploads.findPart(name.upload, 1));
    }
  });
});

suite('uploads that nobody goes on with', () => {
  const FUTURE_MS = 1e15;

  test('are those to which nothing came since', async (t) => {
    const { catalog, bucket, queue, db } = await setUp(t);
    const names: UploadName[] = [];
    for (const key of ['old', 'new', 'complete']) names.push(await begin(catalog, { bucket, key }));
    const [old, , whole] = names;
    assert.ok(old && whole);
    await send(catalog, whole, 1, 'one');
    await complete(catalog, whole);
    db.prepare('UPDATE uploads SET active_ms = 5 WHERE id = ?').run(old.upload);
    sumRows(db, 'uploads');
    const abort = (before: number): number =>
      queue.transact((context) => abortAbandoned(context, before, 10));
    assert.equal(abort(5), 0);
    assert.equal(abort(6), 1);
    const states = await Promise.all(names.map((name) => catalog.uploads.findUpload(name)));
    assert.deepEqual(
      states.map((upload) => upload?.state),
      ['aborted', 'open', 'complete'],
    );
  });

  test('are not those that the disk has changed: the bytes may be an object’s', async (t) => {
    const { catalog, bucket, queue, db } = await setUp(t);
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    await complete(catalog, name);
    for (const change of ['state = 0', 'bucket = 999, state = 0']) {
      db.exec(`UPDATE uploads SET ${change}`);
      assert.equal(
        queue.transact((context) => abortAbandoned(context, FUTURE_MS, 10)),
        0,
      );
    }
    db.exec(`UPDATE uploads SET bucket = ${bucket}`);
    await assert.rejects(catalog.uploads.findUpload(name), DamagedRow);
    const opened = await catalog.openVersion(bucket, 'k');
    assert.equal((await opened?.extents(0, 3))?.length, 1);
    opened?.release();
  });

  test('are also those that the disk has changed, once nothing but an open upload can have their parts', async (t) => {
    const { catalog, bucket, queue, db, reap, rows } = await setUp(t);
    for (const key of ['idle', 'orphaned', 'no parts']) {
      const name = await begin(catalog, { bucket, key });
      if (key !== 'no parts') await send(catalog, name, 1, key);
    }
    db.exec(
      `UPDATE uploads SET active_ms = 0, owner = 'x'; UPDATE uploads SET bucket = 999 WHERE key = 'orphaned'`,
    );
    assert.equal(
      queue.transact((context) => abortAbandoned(context, 1, 10)),
      3,
    );
    await reap();
    assert.deepEqual(rows(), NOTHING);
    assert.equal(count(db, 'SELECT count(*) FROM uploads'), 0);
  });

  test('are aborted in slices, and their space comes back', async (t) => {
    const { catalog, bucket, queue, reap, rows } = await setUp(t);
    for (let i = 0; i < 5; i++) await send(catalog, await begin(catalog, { bucket, key: 'k' }), 1, 'x');
    const slice = (): number => queue.transact((context) => abortAbandoned(context, FUTURE_MS, 2));
    assert.deepEqual([slice(), slice(), slice(), slice()], [2, 2, 1, 0]);
    await reap();
    assert.deepEqual(rows(), NOTHING);
  });

  test('are all of a bucket that was deleted, and none of others', async (t) => {
    const { catalog, bucket, queue, reap, rows } = await setUp(t);
    const others = ['one', 'two', 'three'].map((name) =>
      catalog.createBucket({ name, owner: 'a', region: 'r' }),
    );
    const [one, two, three] = await Promise.all(others);
    assert.ok(one && two && three);
    for (const { id } of [one, two, two, three])
      await send(catalog, await begin(catalog, { bucket: id, key: 'k' }), 1, 'x');
    const kept = await begin(catalog, { bucket, key: 'k' });
    const abort = (): number => queue.transact((context) => abortAbandoned(context, 0, 10));
    assert.equal(abort(), 0);
    await catalog.deleteBucket(two.id);
    await catalog.deleteBucket(three.id);
    assert.equal(abort(), 3);
    assert.equal(abort(), 0);
    await reap();
    assert.deepEqual(rows(), [2, 1, 1, 1]);
    assert.equal((await catalog.uploads.findUpload(kept))?.state, 'open');
  });
});
