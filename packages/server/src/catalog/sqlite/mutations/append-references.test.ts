/** Appended, copied and renamed objects: whatever happens to them, the bytes are right and no reference is lost or left. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import fc from 'fast-check';

import type { Catalog, Content, Version, VersionChoice } from '../../catalog.ts';
import { copyOf, deletions, inline, publication, sha256, withCode } from '../../requests.fixtures.ts';
import { begin, complete, send } from '../../upload-requests.fixtures.ts';
import { FEED_KIND } from '../schema.ts';
import { count, openSqliteStore } from '../sqlite-store.testing.ts';
import type { SqliteStore } from '../sqlite-store.testing.ts';
import { sumRows } from '../sum-rows.testing.ts';

interface Fixture extends SqliteStore {
  readonly bucket: number;
  /** Content of its own, or the blob of a content that others may have, too. */
  readonly content: (text: string, asBlob: boolean) => Promise<Content>;
  readonly append: (key: string, text: string, asBlob?: boolean) => Promise<unknown>;
  readonly copy: (from: string, to: string) => Promise<unknown>;
  readonly rename: (from: string, to: string) => Promise<unknown>;
  readonly read: (key: string, choice?: VersionChoice) => Promise<string | undefined>;
  readonly find: (key: string) => Promise<Version>;
}

async function open(t: TestContext): Promise<Fixture> {
  const store = openSqliteStore(t);
  const { catalog } = store;
  const { id: bucket } = await catalog.createBucket({ name: 'b', owner: 'alice', region: 'us-east-1' });
  const files = new Map<string, Buffer>();
  const content = async (text: string, asBlob: boolean): Promise<Content> => {
    if (text === '') return { kind: 'empty' };
    if (!asBlob) return inline(text).content;
    const length = Buffer.byteLength(text);
    const { blob, location } = await catalog.reserveBlob({ scope: bucket, sha256: sha256(text), length });
    files.set(location, Buffer.from(text));
    return { kind: 'blob', blob };
  };
  const find = async (key: string): Promise<Version> =>
    (await catalog.findVersion(bucket, key)) ?? assert.fail(`${key} is not there`);
  const append: Fixture['append'] = async (key, text, asBlob = false) => {
    const offset = (await catalog.findVersion(bucket, key))?.size ?? 0;
    const bytes = { ...inline(text), content: await content(text, asBlob) };
    return catalog.appendVersion({ ...publication({ bucket, key, ...bytes }), offset });
  };
  const copy: Fixture['copy'] = async (from, key) =>
    catalog.copyVersion(copyOf({ bucket, version: await find(from) }, { bucket, key }));
  const rename: Fixture['rename'] = (sourceKey, key) =>
    catalog.renameVersion({
      bucket,
      sourceKey,
      key,
      sourceConditions: {},
      destinationConditions: {},
      token: null,
    });
  const read: Fixture['read'] = (key, choice) => readBytes(catalog, files, { bucket, key, choice });
  return { ...store, bucket, content, append, copy, rename, read, find };
}

async function readBytes(
  catalog: Catalog,
  files: ReadonlyMap<string, Buffer>,
  { bucket, key, choice }: { bucket: number; key: string; choice: VersionChoice | undefined },
): Promise<string | undefined> {
  const opened = await catalog.openVersion(bucket, key, choice);
  if (opened === undefined) return undefined;
  let end = 0;
  const pieces: Buffer[] = [];
  for (const extent of await opened.extents(0, opened.version.size)) {
    assert.equal(extent.start, end, 'runs follow each other');
    end += extent.length;
    const bytes = extent.location === null ? extent.data : files.get(extent.location);
    pieces.push(Buffer.from(bytes ?? []).subarray(extent.offset, extent.offset + extent.length));
  }
  opened.release();
  assert.equal(end, opened.version.size);
  return Buffer.concat(pieces).toString();
}

/** After everything was deleted. */
async function expectNothingLeft({ db, reaper }: Fixture): Promise<void> {
  while (await reaper.step());
  for (const table of ['versions', 'manifests', 'extents', 'parts', 'blobs'])
    assert.equal(count(db, `SELECT count(*) FROM ${table}`), 0, table);
}

/** What is referred to is counted as often as it is, once the reaper has had its turn. */
async function expectReferences({ db, reaper }: Fixture): Promise<void> {
  while (await reaper.step());
  const wrong = `SELECT count(*) FROM manifests m WHERE refs <> (SELECT count(*) FROM versions WHERE manifest = m.id)
    OR extents <> (SELECT count(*) FROM extents WHERE manifest = m.id)
    OR size <> (SELECT coalesce(sum(length), 0) FROM extents WHERE manifest = m.id)`;
  assert.equal(count(db, wrong), 0, 'manifests');
  const blobs = 'SELECT count(*) FROM blobs b WHERE refs <> (SELECT count(*) FROM extents WHERE blob = b.id)';
  assert.equal(count(db, blobs), 0, 'blobs');
}

const KEYS = ['a', 'b', 'c'];
const key = fc.constantFrom(...KEYS);
const text = fc.constantFrom('', 'x', 'common', 'something longer', 'ü');
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), key, text, asBlob: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copy' as const), key, to: key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), key, to: key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('put' as const), key, text, asBlob: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('multipart' as const), key, text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Does the same to the catalog and to a map of keys to bytes. */
async function take(store: Fixture, objects: Map<string, string>, one: Step): Promise<void> {
  const { catalog, bucket } = store;
  switch (one.do) {
    case 'append':
      await store.append(one.key, one.text, one.asBlob);
      objects.set(one.key, (objects.get(one.key) ?? '') + one.text);
      return;
    case 'put': {
      const bytes = { ...inline(one.text), content: await store.content(one.text, one.asBlob) };
      await catalog.publishVersion(publication({ bucket, key: one.key, ...bytes }));
      objects.set(one.key, one.text);
      return;
    }
    case 'multipart': {
      const name = await begin(catalog, { bucket, key: one.key });
      for (const number of [1, 3]) await send(catalog, name, number, one.text);
      await complete(catalog, name);
      objects.set(one.key, one.text.repeat(2));
      return;
    }
    case 'delete':
      await catalog.deleteVersions(bucket, deletions(one.key));
      objects.delete(one.key);
      return;
    case 'copy':
    case 'rename': {
      const bytes = objects.get(one.key);
      if (bytes === undefined) return;
      await store[one.do](one.key, one.to);
      if (one.do === 'rename') objects.delete(one.key);
      objects.set(one.to, bytes);
      return;
    }
    case 'snapshot':
      return;
  }
}

test('random appends, copies, renames and deletions keep every object’s bytes, and leave nothing behind', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
      const store = await open(t);
      const { bucket } = store;
      const objects = new Map<string, string>();
      const snapshots: { asOf: number; objects: Map<string, string> }[] = [];
      for (const one of steps) {
        await take(store, objects, one);
        for (const name of KEYS) assert.equal(await store.read(name), objects.get(name));
        if (one.do !== 'snapshot') continue;
        const { seq: asOf } = await store.catalog.snapshots.create(bucket, `s${snapshots.length}`);
        snapshots.push({ asOf, objects: new Map(objects) });
      }
      for (const { asOf, objects: then } of snapshots)
        for (const name of KEYS)
          assert.equal(await store.read(name, { asOf }), then.get(name), `as of ${asOf}`);
      await expectReferences(store);
      await store.catalog.deleteVersions(bucket, deletions(...KEYS));
      if (snapshots.length === 0) await expectNothingLeft(store);
      else await expectReferences(store);
      store.crash();
    }),
    { numRuns: 60 },
  );
});

test('10,000 parts are the end; a copy can be appended to again', async (t) => {
  const store = await open(t);
  const { db, catalog, bucket } = store;
  await store.append('k', 'x');
  await store.append('k', 'y');
  // The rows of the appends in between.
  db.exec(`INSERT INTO parts SELECT manifest, 2 + value, seq, 0, etag, 0, modified_ms, NULL, NULL FROM parts,
    json_each((SELECT json_group_array(n) FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c
      WHERE n < 9997) SELECT n FROM c))) WHERE number = 2`);
  db.exec(`UPDATE versions SET parts = 9999 WHERE bucket = ${bucket}`);
  sumRows(db, 'versions', 'parts');
  await store.append('k', 'z');
  assert.equal((await store.find('k')).parts, 10_000);
  const before = await store.find('k');
  await assert.rejects(store.append('k', '!'), withCode('TooManyParts'));
  assert.deepEqual(await store.find('k'), before);
  await store.copy('k', 'k');
  await store.append('k', '!');
  assert.equal(await store.read('k'), 'xyz!');
  assert.equal((await store.find('k')).parts, 2);
  await catalog.deleteVersions(bucket, deletions('k'));
  await expectNothingLeft(store);
});

test('of what forks share each has its own parts, also those without bytes', async (t) => {
  const store = await open(t);
  const { db, bucket } = store;
  await store.append('k', 'base');
  await store.append('k', 'more');
  // As a fork of the bucket makes it: the same row under another bucket.
  db.exec(`CREATE TEMP TABLE row AS SELECT * FROM versions WHERE bucket = ${bucket}`);
  db.exec(
    `UPDATE row SET key = 'fork'; INSERT INTO versions SELECT * FROM row; UPDATE manifests SET refs = 2`,
  );
  sumRows(db, 'versions');
  await store.append('k', '');
  await store.append('fork', 'end');
  const sizes = async (name: string): Promise<number[]> => {
    const { manifest, parts } = await store.find(name);
    const listed = await store.catalog.uploads.listParts({ manifest: manifest ?? 0, after: 0, limit: parts });
    return listed.parts.map(({ size }) => size);
  };
  assert.deepEqual(await sizes('k'), [4, 4, 0]);
  assert.deepEqual(await sizes('fork'), [4, 4, 3]);
  assert.deepEqual([await store.read('k'), await store.read('fork')], ['basemore', 'basemoreend']);
  await expectReferences(store);
});

test('the feed tells the time of a renaming, not that of the object', async (t) => {
  const store = await open(t);
  const { db, bucket } = store;
  await store.append('a', 'x');
  db.exec('UPDATE versions SET modified_ms = 1000');
  sumRows(db, 'versions');
  await store.rename('a', 'b');
  assert.equal((await store.find('b')).modifiedMs, 1000);
  const rows = db
    .prepare(`SELECT kind, key, at_ms > 1000 AS now FROM feed WHERE bucket = ? ORDER BY seq DESC LIMIT 2`)
    .all(bucket);
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { kind: FEED_KIND.renamedTo, key: 'b', now: 1 },
      { kind: FEED_KIND.renamedAway, key: 'a', now: 1 },
    ],
  );
});
