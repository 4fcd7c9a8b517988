/** The catalog's contract: a fork has what its source showed, and goes its own way from there. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Bucket, Catalog } from '../catalog.ts';
import type { ForkRequest } from '../snapshots.ts';
import { deletions, inline, listing, publication, withCode } from '../requests.fixtures.ts';

const REGION = 'us-east-1';

interface Photos {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly put: (key: string, text?: string) => Promise<{ seq: number; modifiedMs: number }>;
  readonly fork: (name: string, fields?: Partial<ForkRequest>) => Promise<Bucket>;
}

/** A catalog with the bucket `photos`. */
async function photos(opening: Promise<Catalog> | Catalog): Promise<Photos> {
  const catalog = await opening;
  const { id: bucket } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
  return {
    catalog,
    bucket,
    put: (key, text = key) => catalog.publishVersion(publication({ bucket, key, ...inline(text) })),
    fork: (name, fields = {}) =>
      catalog.snapshots.fork({
        source: bucket,
        sourceAsOf: null,
        name,
        owner: 'bob',
        region: REGION,
        ...fields,
      }),
  };
}

/** Keys with their bytes. */
async function contents(catalog: Catalog, bucket: number): Promise<Record<string, string>> {
  const { versions } = await catalog.listObjects(listing(bucket));
  const entries: [string, string][] = [];
  for (const { key } of versions) {
    const opened = await catalog.openVersion(bucket, key);
    const extents = (await opened?.extents(0, opened.version.size)) ?? [];
    opened?.release();
    entries.push([key, extents.map(({ data }) => Buffer.from(data ?? []).toString()).join('')]);
  }
  return Object.fromEntries(entries);
}

export function forkTests(open: OpenCatalog): void {
  bucketTests(open);
  momentTests(open);
}

function bucketTests(open: OpenCatalog): void {
  test('a fork is a bucket of its own, in the dedup scope of its source', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    await put('k');
    const made = await fork('forked');
    assert.deepEqual({ ...(await catalog.findBucket('forked')) }, made);
    const { name, owner, region, versioning, tags, asOf } = made;
    assert.deepEqual(
      { name, owner, region, versioning, tags, asOf },
      { name: 'forked', owner: 'bob', region: REGION, versioning: 'never', tags: null, asOf: null },
    );
    assert.equal(made.scope, (await catalog.findBucket('photos'))?.scope);
    assert.notEqual(made.id, bucket);
  });

  test('its objects are those of the source in everything but version and owner', async (t) => {
    const { catalog, bucket, fork } = await photos(open(t));
    await catalog.setVersioning(bucket, 'enabled');
    const request = publication({
      bucket,
      key: 'k',
      ...inline('hello'),
      storageClass: 'STANDARD_IA',
      attributes: '{"contentType":"text/plain"}',
      tags: '[["a","b"]]',
      checksumAlgorithm: 'CRC32',
      checksumValue: 'NhCmhg==',
    });
    await catalog.publishVersion(request);
    const source = await catalog.findVersion(bucket, 'k');
    const { id } = await fork('forked');
    const copy = await catalog.findVersion(id, 'k');
    assert.ok(source && copy);
    assert.deepEqual(copy, { ...source, seq: copy.seq, since: copy.since, isNull: true, owner: 'bob' });
    assert.deepEqual(await catalog.findVersion(id, 'k', { version: 'null' }), copy);
  });

  test('source and fork go their own ways', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    for (const key of ['a', 'b', 'c']) await put(key);
    const { id } = await fork('forked');
    await put('a', 'other');
    await catalog.deleteVersions(bucket, deletions('b'));
    await catalog.deleteVersions(id, deletions('c'));
    await catalog.publishVersion(publication({ bucket: id, key: 'd', ...inline('d') }));
    assert.deepEqual(await contents(catalog, bucket), { a: 'other', c: 'c' });
    assert.deepEqual(await contents(catalog, id), { a: 'a', b: 'b', d: 'd' });
    await catalog.deleteVersions(bucket, deletions('a', 'c'));
    await catalog.deleteBucket(bucket);
    assert.deepEqual(await contents(catalog, id), { a: 'a', b: 'b', d: 'd' });
  });

  test('of an empty bucket it is empty, and of many objects it has them all', async (t) => {
    const { catalog, put, fork } = await photos(open(t));
    const empty = await fork('empty');
    assert.deepEqual(await contents(catalog, empty.id), {});
    const keys = Array.from({ length: 2345 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => put(key)));
    const { id } = await fork('full');
    assert.deepEqual(await contents(catalog, id).then(Object.keys), keys.slice(0, 1000));
    const rest = await catalog.listObjects(listing(id, { after: 'k0999', limit: 5000 }));
    assert.deepEqual(
      rest.versions.map(({ key }) => key),
      keys.slice(1000),
    );
  });

  test('its name must be free, and is taken from the beginning', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    await put('k');
    await assert.rejects(fork('photos'), withCode('BucketExists'));
    await assert.rejects(fork('photos', { owner: 'alice' }), withCode('BucketOwnedByYou'));
    await assert.rejects(fork('forked', { source: bucket + 1000 }), withCode('NoSuchBucket'));
    const forking = fork('forked');
    const create = catalog.createBucket({ name: 'forked', owner: 'bob', region: REGION });
    await assert.rejects(create, withCode('BucketExists'));
    await forking;
    await assert.rejects(fork('forked'), withCode('BucketOwnedByYou'));
  });

  test('while it is being made its source is not deleted', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    await put('k');
    const forking = fork('forked');
    await catalog.deleteVersions(bucket, deletions('k'));
    const removing = catalog.deleteBucket(bucket).then(
      () => 'deleted',
      (error: Error) => error.message,
    );
    const { id } = await forking;
    assert.match(await removing, /^deleted$|fork of the bucket photos is being made/);
    assert.deepEqual(await contents(catalog, id), { k: 'k' });
  });
}

function momentTests(open: OpenCatalog): void {
  test('it is of the moment when it began, though its source is written to', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    const keys = Array.from({ length: 1500 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => put(key, 'before')));
    const forking = fork('forked');
    await Promise.all([
      ...keys.slice(0, 700).map((key) => put(key, 'after')),
      put('new'),
      catalog.deleteVersions(bucket, deletions(...keys.slice(700))),
    ]);
    const { id } = await forking;
    const { versions } = await catalog.listObjects(listing(id, { limit: 5000 }));
    assert.deepEqual(
      versions.map(({ key }) => key),
      keys,
    );
    const { etag } = inline('before');
    assert.ok(versions.every((version) => version.etag === etag));
  });

  test('of a snapshot it is what that shows; without it there is none', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    await put('k', 'before');
    const { seq } = await catalog.snapshots.create(bucket, 'daily');
    await put('k', 'after');
    await put('new');
    const { id } = await fork('forked', { sourceAsOf: seq });
    assert.deepEqual(await contents(catalog, id), { k: 'before' });
    await catalog.snapshots.delete(bucket, 'daily');
    assert.deepEqual(await contents(catalog, id), { k: 'before' });
    await assert.rejects(fork('another', { sourceAsOf: seq }), withCode('NoSuchBucket'));
    assert.equal(await catalog.findBucket('another'), undefined);
  });

  test('at a point in time it has the newest versions that are no younger, and no deleted keys', async (t) => {
    const { catalog, bucket, put, fork } = await photos(open(t));
    await catalog.setVersioning(bucket, 'enabled');
    const nextMillisecond = async (): Promise<number> => {
      const now = Date.now();
      while (Date.now() === now) await new Promise(setImmediate);
      return now;
    };
    await put('k', 'one');
    await put('deleted', 'x');
    await put('deleted later', 'y');
    await catalog.deleteVersions(bucket, deletions('deleted'));
    const first = await nextMillisecond();
    await put('k', 'two');
    await put('deleted', 'back');
    await catalog.deleteVersions(bucket, deletions('deleted later'));
    const second = await nextMillisecond();
    await put('young');
    const { seq } = await put('k', 'three');
    await catalog.deleteVersions(bucket, [{ key: 'k', version: seq }]);
    const at = async (name: string, untilMs: number): Promise<unknown> =>
      contents(catalog, (await fork(name, { untilMs })).id);
    assert.deepEqual(await at('first', first), { k: 'one', 'deleted later': 'y' });
    assert.deepEqual(await at('second', second), { k: 'two', deleted: 'back' });
    assert.deepEqual(await at('dawn', 0), {});
    assert.deepEqual(await at('now', Date.now()), { k: 'two', deleted: 'back', young: 'young' });
  });
}
