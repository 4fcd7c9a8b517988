/** The catalog's contract: a snapshot shows what its bucket held, whatever happens to the bucket. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Bucket, Catalog } from '../catalog.ts';
import { SNAPSHOTS_MAX } from '../snapshots.ts';
import { copyOf, deletions, inline, listing, publication, withCode } from '../requests.fixtures.ts';

const REGION = 'us-east-1';

interface Photos {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly put: (key: string, text?: string) => Promise<number>;
}

/** A catalog with the bucket `photos`. */
async function photos(opening: Promise<Catalog> | Catalog): Promise<Photos> {
  const catalog = await opening;
  const { id: bucket } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
  const put = async (key: string, text = key): Promise<number> => {
    const { seq } = await catalog.publishVersion(publication({ bucket, key, ...inline(text) }));
    return seq;
  };
  return { catalog, bucket, put };
}

async function snapshotOf(catalog: Catalog, name = 'daily'): Promise<Bucket> {
  const found = await catalog.findBucket(`photos--${name}--snap`);
  assert.ok(found);
  return found;
}

async function keys(catalog: Catalog, { id, asOf }: Pick<Bucket, 'id' | 'asOf'>): Promise<string[]> {
  return (await catalog.listObjects(listing(id, { asOf }))).versions.map(({ key }) => key);
}

async function read(catalog: Catalog, { id, asOf }: Bucket, key: string): Promise<string | undefined> {
  const opened = await catalog.openVersion(id, key, { asOf });
  if (opened === undefined || opened.version.deleteMarker) return undefined;
  const extents = await opened.extents(0, opened.version.size);
  opened.release();
  return extents.map(({ data }) => Buffer.from(data ?? []).toString()).join('');
}

export function snapshotTests(open: OpenCatalog): void {
  nameTests(open);
  readTests(open);
}

function nameTests(open: OpenCatalog): void {
  test('a snapshot is found as a bucket of its own name, and listed with its bucket alone', async (t) => {
    const { catalog, bucket } = await photos(open(t));
    assert.equal(await catalog.findBucket('photos--daily--snap'), undefined);
    const before = Date.now();
    const made = await catalog.snapshots.create(bucket, 'daily');
    assert.ok(made.createdMs >= before && made.createdMs <= Date.now());
    const original = await catalog.findBucket('photos');
    assert.deepEqual(
      { ...(await snapshotOf(catalog)) },
      { ...original, name: 'photos--daily--snap', asOf: made.seq },
    );
    await catalog.snapshots.create(bucket, 'before.v2');
    const listed = await catalog.snapshots.list(bucket);
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['before.v2', 'daily'],
    );
    assert.deepEqual({ ...listed[1] }, made);
    const all = await catalog.listBuckets({ owner: undefined, prefix: '', after: '', limit: 10 });
    assert.deepEqual(
      all.buckets.map(({ name }) => name),
      ['photos'],
    );
    for (const name of ['photos--weekly--snap', 'other--daily--snap', 'photos--#1--snap', '--daily--snap']) {
      assert.equal(await catalog.findBucket(name), undefined, name);
    }
  });

  test('a name is given once, and again when the snapshot is deleted', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    const create = (): Promise<unknown> => catalog.snapshots.create(bucket, 'daily');
    await create();
    await assert.rejects(create(), withCode('SnapshotExists'));
    await put('a');
    await catalog.snapshots.delete(bucket, 'daily');
    assert.equal(await catalog.findBucket('photos--daily--snap'), undefined);
    assert.deepEqual(await catalog.snapshots.list(bucket), []);
    await assert.rejects(catalog.snapshots.delete(bucket, 'daily'), withCode('NoSuchSnapshot'));
    await create();
    assert.deepEqual(await keys(catalog, await snapshotOf(catalog)), ['a']);
    await assert.rejects(catalog.snapshots.create(bucket + 1000, 'x'), withCode('NoSuchBucket'));
    await assert.rejects(catalog.snapshots.delete(bucket + 1000, 'x'), withCode('NoSuchBucket'));
  });

  test('a bucket with snapshots is not deleted, and the error names some of them', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    await put('k');
    for (const name of ['a', 'b', 'c', 'd']) await catalog.snapshots.create(bucket, name);
    await catalog.deleteVersions(bucket, deletions('k'));
    await assert.rejects(catalog.deleteBucket(bucket), (error: Error) => {
      assert.ok(withCode('BucketNotEmpty')(error));
      assert.match(error.message, /photos has snapshots: a, b, c and more\. Delete them first/);
      return true;
    });
    for (const name of ['a', 'b', 'c']) await catalog.snapshots.delete(bucket, name);
    await assert.rejects(catalog.deleteBucket(bucket), /has snapshots: d\./);
    await catalog.snapshots.delete(bucket, 'd');
    await catalog.deleteBucket(bucket);
    assert.equal(await catalog.findBucket('photos'), undefined);
  });

  test('a bucket has so many snapshots and no more', async (t) => {
    const { catalog, bucket } = await photos(open(t));
    const create = (i: number): Promise<unknown> => catalog.snapshots.create(bucket, `s${i}`);
    await Promise.all(Array.from({ length: SNAPSHOTS_MAX }, (_, i) => create(i)));
    await assert.rejects(create(SNAPSHOTS_MAX), withCode('TooManySnapshots'));
    await catalog.snapshots.delete(bucket, 's7');
    await create(SNAPSHOTS_MAX);
    assert.equal((await catalog.snapshots.list(bucket)).length, SNAPSHOTS_MAX);
  });
}

function readTests(open: OpenCatalog): void {
  test('it shows what was there, when that is replaced, deleted and joined by others', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    for (const key of ['kept', 'replaced', 'deleted']) await put(key, `${key} before`);
    await catalog.snapshots.create(bucket, 'daily');
    await put('replaced', 'after');
    await put('replaced', 'again');
    await put('new');
    await catalog.deleteVersions(bucket, deletions('deleted', 'new'));
    await put('deleted', 'back');
    const snapshot = await snapshotOf(catalog);
    assert.deepEqual(await keys(catalog, snapshot), ['deleted', 'kept', 'replaced']);
    for (const key of ['kept', 'replaced', 'deleted']) {
      assert.equal(await read(catalog, snapshot, key), `${key} before`);
    }
    assert.equal(await read(catalog, snapshot, 'new'), undefined);
    assert.deepEqual(await keys(catalog, { id: bucket, asOf: null }), ['deleted', 'kept', 'replaced']);
    assert.equal((await catalog.findVersion(bucket, 'deleted'))?.size, 4);
  });

  test('it shows the latest versions of that moment, and markers as absence', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    await catalog.setVersioning(bucket, 'enabled');
    const first = await put('k', 'first');
    const second = await put('k', 'second');
    await put('marked', 'x');
    await catalog.deleteVersions(bucket, deletions('marked'));
    await catalog.snapshots.create(bucket, 'daily');
    await put('k', 'third');
    await catalog.deleteVersions(bucket, [{ key: 'k', version: second }]);
    // The marker goes, and what it hid is current again.
    const marker = await catalog.findVersion(bucket, 'marked');
    await catalog.deleteVersions(bucket, [{ key: 'marked', version: marker?.seq }]);
    const snapshot = await snapshotOf(catalog);
    assert.deepEqual(await keys(catalog, snapshot), ['k']);
    assert.equal(await read(catalog, snapshot, 'k'), 'second');
    assert.equal(await read(catalog, snapshot, 'marked'), undefined);
    const { asOf } = snapshot;
    assert.equal((await catalog.findVersion(bucket, 'k', { asOf, version: second }))?.seq, second);
    assert.equal(await catalog.findVersion(bucket, 'k', { asOf, version: first }), undefined);
    assert.deepEqual(await keys(catalog, { id: bucket, asOf: null }), ['k', 'marked']);
  });

  test('each of several shows its own moment, whichever are deleted', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    for (const name of ['s1', 's2', 's3', 's4']) {
      await put('k', name);
      await put(name);
      await catalog.snapshots.create(bucket, name);
    }
    await put('k', 'now');
    await catalog.snapshots.delete(bucket, 's2');
    await catalog.snapshots.delete(bucket, 's4');
    await catalog.deleteVersions(bucket, deletions('s1', 's2', 's3', 's4'));
    assert.equal(await read(catalog, await snapshotOf(catalog, 's1'), 'k'), 's1');
    const third = await snapshotOf(catalog, 's3');
    assert.equal(await read(catalog, third, 'k'), 's3');
    assert.deepEqual(await keys(catalog, third), ['k', 's1', 's2', 's3']);
  });

  test('a deleted one is not read any more, not even by who has found it before', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    await put('k');
    await catalog.snapshots.create(bucket, 'daily');
    const { asOf } = await snapshotOf(catalog);
    await catalog.snapshots.delete(bucket, 'daily');
    await assert.rejects(catalog.findVersion(bucket, 'k', { asOf }), withCode('NoSuchBucket'));
    await assert.rejects(catalog.openVersion(bucket, 'k', { asOf }), withCode('NoSuchBucket'));
    await assert.rejects(catalog.listObjects(listing(bucket, { asOf })), withCode('NoSuchBucket'));
  });

  test('a copy from it brings back what it shows', async (t) => {
    const { catalog, bucket, put } = await photos(open(t));
    await put('k', 'before');
    await catalog.snapshots.create(bucket, 'daily');
    await put('k', 'after');
    const { asOf } = await snapshotOf(catalog);
    const version = await catalog.findVersion(bucket, 'k', { asOf });
    assert.ok(version);
    await catalog.copyVersion({ ...copyOf({ bucket, version }, { bucket, key: 'k' }), sourceAsOf: asOf });
    const current = await catalog.findBucket('photos');
    assert.ok(current);
    assert.equal(await read(catalog, current, 'k'), 'before');
  });
}
