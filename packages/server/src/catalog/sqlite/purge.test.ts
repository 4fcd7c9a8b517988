/** What giving up a reference takes with it, and what it leaves to the reaper. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { purgeExtents, purgeManifest } from './purge.ts';
import { EXTENTS_WITH_VERSION } from './rows.ts';
import { BLOB_STATE } from './schema.ts';
import { openSqliteStore } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';
import { sumRows } from './sum-rows.testing.ts';

interface Blob {
  readonly id: number;
  readonly refs: number;
  readonly inline: boolean;
}

interface Fixture extends SqliteStore {
  readonly addBlob: (blob: Blob) => void;
  /** @param blobs of its extents, in order */
  readonly addManifest: (id: number, refs: number, blobs: readonly number[]) => void;
  readonly purgeManifest: (id: number) => void;
  readonly purgeExtents: (id: number, limit: number) => number;
  /** Ids with their references. */
  readonly manifests: () => Record<string, number>;
  readonly blobs: () => Record<string, number>;
  /** Starts of a manifest's extents. */
  readonly extents: (manifest: number) => number[];
}

function setUp(t: TestContext): Fixture {
  const store = openSqliteStore(t);
  const { db, queue } = store;
  const refs = (table: string): Record<string, number> => {
    const rows = db.prepare(`SELECT id, refs FROM ${table} ORDER BY id`).all() as {
      id: number;
      refs: number;
    }[];
    return Object.fromEntries(rows.map((row) => [row.id, row.refs]));
  };
  return {
    ...store,
    addBlob: ({ id, refs: count, inline }) => {
      db.prepare(
        `INSERT INTO blobs VALUES (?, 1, randomblob(32), ${BLOB_STATE.live}, ?, 0, 1, 1, ?, '', NULL, NULL, ?)`,
      ).run(id, count, inline ? null : `1/${id}`, inline ? Buffer.of(1) : null);
    },
    addManifest: (id, count, blobs) => {
      db.prepare('INSERT INTO manifests VALUES (?, ?, ?, ?)').run(id, count, blobs.length, blobs.length);
      for (const [start, blob] of blobs.entries()) {
        db.prepare('INSERT INTO extents VALUES (?, ?, 1, ?, 0, NULL)').run(id, start, blob);
      }
      sumRows(db, 'extents');
    },
    purgeManifest: (id) => queue.transact(({ sql }) => purgeManifest(sql, id)),
    purgeExtents: (id, limit) => queue.transact(({ sql }) => purgeExtents(sql, id, limit)),
    manifests: () => refs('manifests'),
    blobs: () => refs('blobs'),
    extents: (manifest) =>
      db
        .prepare('SELECT start FROM extents WHERE manifest = ? ORDER BY start')
        .all(manifest)
        .map((row) => row['start'] as number),
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

suite('a manifest that loses a reference', () => {
  test('stays as long as there is another', (t) => {
    const store = setUp(t);
    store.addBlob({ id: 1, refs: 1, inline: true });
    store.addManifest(7, 2, [1]);
    store.purgeManifest(7);
    assert.deepEqual(store.manifests(), { 7: 1 });
    assert.deepEqual(store.blobs(), { 1: 1 });
    assert.deepEqual(store.extents(7), [0]);
    store.purgeManifest(7);
    assert.deepEqual([store.manifests(), store.blobs(), store.extents(7)], [{}, {}, []]);
  });

  test('takes inline blobs with it, leaves files to the reaper, and what others refer to alone', (t) => {
    const store = setUp(t);
    store.addBlob({ id: 1, refs: 1, inline: true });
    store.addBlob({ id: 2, refs: 1, inline: false });
    store.addBlob({ id: 3, refs: 2, inline: true });
    store.addBlob({ id: 4, refs: 2, inline: false });
    store.addManifest(7, 1, [1, 2, 3, 4]);
    store.addManifest(8, 1, [3, 4]);
    store.purgeManifest(7);
    assert.deepEqual(store.manifests(), { 8: 1 });
    assert.deepEqual(store.blobs(), { 2: 0, 3: 1, 4: 1 });
    assert.deepEqual(store.extents(8), [0, 1]);
  });

  test('that has the same blob several times gives each reference up', (t) => {
    const store = setUp(t);
    store.addBlob({ id: 1, refs: 3, inline: true });
    store.addBlob({ id: 2, refs: 2, inline: false });
    store.addManifest(7, 1, [1, 2, 1, 2, 1]);
    store.purgeManifest(7);
    assert.deepEqual(store.blobs(), { 2: 0 });
    assert.deepEqual(store.manifests(), {});
  });

  for (const [count, left] of [
    [EXTENTS_WITH_VERSION, 0],
    [EXTENTS_WITH_VERSION + 1, EXTENTS_WITH_VERSION + 1],
  ] as const) {
    test(`and has ${count} extents has ${left} of them afterwards`, (t) => {
      const store = setUp(t);
      const ids = numbers(count);
      for (const id of ids) store.addBlob({ id, refs: 1, inline: false });
      store.addManifest(100, 1, ids);
      store.purgeManifest(100);
      assert.equal(store.extents(100).length, left);
      assert.equal(Object.values(store.blobs()).filter((refs) => refs === 1).length, left);
      // The reaper finds those of a long one by the row, the readers of the version by its extents.
      if (left > 0) assert.deepEqual(store.manifests(), { 100: 0 });
    });
  }

  test('or is not there leaves everything as it is', (t) => {
    const store = setUp(t);
    store.addBlob({ id: 1, refs: 1, inline: true });
    store.addManifest(7, 1, [1]);
    store.purgeManifest(99);
    assert.deepEqual(store.manifests(), { 7: 1 });
  });
});

suite('taking a manifest apart', () => {
  test('goes from its beginning in slices, and the last one takes the manifest', (t) => {
    const store = setUp(t);
    for (const id of numbers(5)) store.addBlob({ id, refs: 1, inline: true });
    store.addManifest(7, 0, numbers(5));
    assert.equal(store.purgeExtents(7, 2), 2);
    assert.deepEqual(store.extents(7), [2, 3, 4]);
    assert.deepEqual(store.manifests(), { 7: 0 });
    assert.deepEqual(store.blobs(), { 3: 1, 4: 1, 5: 1 });
    assert.equal(store.purgeExtents(7, 2), 2);
    assert.deepEqual(store.manifests(), { 7: 0 });
    assert.equal(store.purgeExtents(7, 2), 1);
    assert.deepEqual([store.manifests(), store.blobs()], [{}, {}]);
  });

  test('needs one more slice to see that the last one was', (t) => {
    const store = setUp(t);
    for (const id of numbers(4)) store.addBlob({ id, refs: 1, inline: true });
    store.addManifest(7, 0, numbers(4));
    store.purgeExtents(7, 2);
    store.purgeExtents(7, 2);
    assert.deepEqual(store.manifests(), { 7: 0 });
    assert.equal(store.purgeExtents(7, 2), 0);
    assert.deepEqual(store.manifests(), {});
  });
});
