/**
 * What the contract cannot see of a key's history: that a snapshot goes on to show what it showed, and that every manifest
 * and blob has as many references as there are rows on it, whatever happens to the versions.
 */

import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import type { Catalog, Version } from '../../catalog.ts';
import { DamagedRow } from '../../damaged-row.ts';
import { inline, publication } from '../../requests.fixtures.ts';
import { HistoryModel, idOf, modelOf } from '../../contract/history-model.testing.ts';
import { count, openSqliteStore, temporaryDirectory } from '../sqlite-store.testing.ts';

const KEYS = ['a', 'b'];

type Shown = Record<string, { version: Version; bytes: string } | undefined>;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant('put' as const) },
  { weight: 2, arbitrary: fc.constant('delete' as const) },
  { weight: 3, arbitrary: fc.constant('deleteVersion' as const) },
  { weight: 2, arbitrary: fc.constant('tag' as const) },
  { weight: 2, arbitrary: fc.constant('copy' as const) },
  { weight: 2, arbitrary: fc.constant('snapshot' as const) },
  { weight: 1, arbitrary: fc.constant('enabled' as const) },
  { weight: 1, arbitrary: fc.constant('suspended' as const) },
);

const steps = fc.array(fc.record({ do: step, key: fc.constantFrom(...KEYS), index: fc.nat(5) }), {
  minLength: 5,
  maxLength: 40,
  size: 'max',
});

async function shownBy(catalog: Catalog, bucket: number, asOf: number | null): Promise<Shown> {
  const shown: Shown = {};
  for (const key of KEYS) {
    const opened = await catalog.openVersion(bucket, key, { asOf });
    if (opened === undefined) continue;
    const { version } = opened;
    const extents = await opened.extents(0, version.size);
    opened.release();
    const bytes = Buffer.concat(extents.map(({ data }) => data ?? Buffer.alloc(0))).toString();
    if (!version.deleteMarker) shown[key] = { version: { ...version }, bytes };
  }
  return shown;
}

function checkReferences(db: DatabaseSync): void {
  const wrong = {
    manifests: `SELECT count(*) FROM manifests m
      WHERE refs = 0 OR refs <> (SELECT count(*) FROM versions v WHERE v.manifest = m.id)`,
    versions: 'SELECT count(*) FROM versions WHERE manifest NOT IN (SELECT id FROM manifests)',
    extents: 'SELECT count(*) FROM extents WHERE manifest NOT IN (SELECT id FROM manifests)',
    blobs: 'SELECT count(*) FROM blobs b WHERE refs <> (SELECT count(*) FROM extents e WHERE e.blob = b.id)',
    missing: 'SELECT count(*) FROM extents WHERE blob NOT IN (SELECT id FROM blobs)',
  };
  for (const [name, query] of Object.entries(wrong)) assert.equal(count(db, query), 0, name);
}

suite('histories under snapshots', () => {
  test('a snapshot shows what it showed, and the bucket what a plain model does', async (t) => {
    const { catalog, db } = openSqliteStore(t);
    let buckets = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const name = `bucket-${buckets++}`;
        const { id: bucket } = await catalog.createBucket({ name, owner: 'alice', region: 'us-east-1' });
        const model = new HistoryModel(catalog, bucket);
        const snapshots = new Map<number, Shown>();
        for (const { do: what, key, index } of list) {
          const version = model.keys.get(key)?.[index];
          if (what === 'snapshot') {
            const { seq } = await catalog.snapshots.create(bucket, `s${snapshots.size}`);
            snapshots.set(seq, await shownBy(catalog, bucket, null));
          } else if (what === 'enabled' || what === 'suspended') {
            await model.setVersioning(what);
          } else if (what === 'deleteVersion') {
            await model.deleteVersion(key, version === undefined ? 'null' : idOf(version));
          } else if (what === 'put' || what === 'delete') {
            await model[what](key);
          } else if (what === 'copy') {
            await model.copy('a', 'b');
          } else if (version !== undefined && !version.deleteMarker) {
            const tags = `[["n","${index}"]]`;
            await catalog.setTags({ bucket, key, version: idOf(version), tags });
          }
          await model.compare(KEYS);
          for (const [seq, shown] of snapshots)
            assert.deepEqual(await shownBy(catalog, bucket, seq), shown, `as of ${seq} after ${what}`);
        }
        checkReferences(db);
      }),
      { numRuns: 30 },
    );
  });

  test('without a snapshot nothing is retired, and when all is removed nothing is left', async (t) => {
    const { catalog, db } = openSqliteStore(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'us-east-1' });
    const model = new HistoryModel(catalog, bucket);
    for (const versioning of ['suspended', 'enabled', 'suspended'] as const) {
      await model.put('a');
      await model.put('a');
      await model.setVersioning(versioning);
      await model.delete('a');
      const latest = modelOf(await catalog.findVersion(bucket, 'a'));
      assert.equal(latest?.deleteMarker, true);
      await model.put('a');
      await catalog.setTags({ bucket, key: 'a', tags: '[]' });
    }
    assert.equal(count(db, 'SELECT count(*) FROM versions WHERE place = 2'), 0);
    checkReferences(db);
    const ids = model.keys.get('a')?.map(idOf) ?? [];
    for (const id of ids) await model.deleteVersion('a', id);
    for (const table of ['versions', 'manifests', 'extents', 'blobs'])
      assert.equal(count(db, `SELECT count(*) FROM ${table}`), 0, table);
  });

  test('a restart finds every version, marker and tag as it was, and goes on numbering', async (t) => {
    const directory = temporaryDirectory(t);
    const before = openSqliteStore(t, { directory });
    const { id: bucket } = await before.catalog.createBucket({
      name: 'b',
      owner: 'alice',
      region: 'us-east-1',
    });
    const model = new HistoryModel(before.catalog, bucket);
    for (const versioning of ['enabled', 'suspended', 'enabled'] as const) {
      await model.put('a');
      await model.setVersioning(versioning);
      await model.put('a');
      await model.delete(versioning === 'enabled' ? 'a' : 'b');
    }
    await before.catalog.setTags({ bucket, key: 'a', version: 'null', tags: '[["a","1"]]' });
    before.crash();
    const { catalog, db } = openSqliteStore(t, { directory });
    const again = new HistoryModel(catalog, bucket);
    for (const [key, versions] of model.keys) again.keys.set(key, versions);
    again.versioning = (await catalog.findBucket('b'))?.versioning ?? 'never';
    assert.equal(again.versioning, 'enabled');
    await again.compare(KEYS);
    assert.equal((await catalog.findVersion(bucket, 'a', { version: 'null' }))?.tags, '[["a","1"]]');
    const newest = Math.max(...[...again.keys.values()].flat().map(({ seq }) => seq));
    assert.ok((await again.put('a')).seq > newest);
    await again.compare(KEYS);
    checkReferences(db);
  });

  test('a version that was made and removed between two snapshots is not kept', async (t) => {
    const { catalog, db } = openSqliteStore(t);
    const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'us-east-1' });
    const model = new HistoryModel(catalog, bucket);
    await catalog.snapshots.create(bucket, 's');
    await model.put('a');
    await model.put('a');
    await catalog.setTags({ bucket, key: 'a', tags: '[]' });
    await model.delete('a');
    for (const table of ['versions', 'manifests', 'extents', 'blobs'])
      assert.equal(count(db, `SELECT count(*) FROM ${table}`), 0, table);
  });
});

test('a version whose row is damaged is deleted by its id, and gives up no reference', async (t) => {
  const { catalog, db } = openSqliteStore(t);
  const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  await catalog.publishVersion(publication({ bucket: id, key: 'k', ...inline('null') }));
  await catalog.setVersioning(id, 'enabled');
  const { seq } = await catalog.publishVersion(publication({ bucket: id, key: 'k', ...inline('one') }));
  await catalog.publishVersion(publication({ bucket: id, key: 'k', ...inline('two') }));
  db.exec("UPDATE versions SET etag = 'f' || etag WHERE place = 1");
  for (const version of ['null', seq] as const) {
    await assert.rejects(catalog.findVersion(id, 'k', { version }), DamagedRow);
    const [result] = await catalog.deleteVersions(id, [{ key: 'k', version }]);
    assert.deepEqual(result, { version, deleteMarker: false, error: null });
    assert.equal(await catalog.findVersion(id, 'k', { version }), undefined);
  }
  assert.equal(count(db, 'SELECT count(*) FROM manifests WHERE refs = 1'), 3);
  assert.equal(count(db, 'SELECT count(*) FROM versions'), 1);
});
