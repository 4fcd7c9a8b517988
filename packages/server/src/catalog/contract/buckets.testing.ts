/** The catalog's contract: buckets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog } from '../catalog.ts';
import { deletions, publication, withCode } from '../requests.fixtures.ts';

const REGION = 'us-east-1';

async function names(
  catalog: Catalog,
  fields: Partial<Parameters<Catalog['listBuckets']>[0]> = {},
): Promise<string[]> {
  const request = { owner: undefined, prefix: '', after: '', limit: 1000, ...fields };
  return (await catalog.listBuckets(request)).buckets.map(({ name }) => name);
}

export function bucketTests(open: OpenCatalog): void {
  test('a bucket is found as it was made', async (t) => {
    const catalog = await open(t);
    assert.equal(await catalog.findBucket('photos'), undefined);
    const before = Date.now();
    const made = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'eu-central-1' });
    assert.deepEqual({ ...(await catalog.findBucket('photos')) }, made);
    assert.equal(made.name, 'photos');
    assert.equal(made.owner, 'alice');
    assert.equal(made.region, 'eu-central-1');
    assert.ok(made.createdMs >= before && made.createdMs <= Date.now());
  });

  test('a name is given once, and the error says whether to the asker', async (t) => {
    const catalog = await open(t);
    const made = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
    const again = (owner: string): Promise<unknown> =>
      catalog.createBucket({ name: 'photos', owner, region: REGION });
    await assert.rejects(again('alice'), withCode('BucketOwnedByYou'));
    await assert.rejects(again('bob'), withCode('BucketExists'));
    assert.deepEqual({ ...(await catalog.findBucket('photos')) }, made);
  });

  test('of many that make a bucket at once one makes it', async (t) => {
    const catalog = await open(t);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        catalog.createBucket({ name: 'photos', owner: `owner-${i}`, region: REGION }),
      ),
    );
    const [winner, ...others] = outcomes.filter(({ status }) => status === 'fulfilled');
    assert.deepEqual(others, []);
    assert.ok(winner?.status === 'fulfilled');
    assert.equal((await catalog.findBucket('photos'))?.owner, winner.value.owner);
  });

  test('a bucket that holds something is not deleted', async (t) => {
    const catalog = await open(t);
    const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
    await catalog.publishVersion(publication({ bucket: id, key: 'k' }));
    await assert.rejects(catalog.deleteBucket(id), withCode('BucketNotEmpty'));
    await catalog.deleteVersions(id, deletions('k'));
    // A catalog may keep what it has found only as long as it is true.
    assert.equal((await catalog.findBucket('photos'))?.id, id);
    await catalog.deleteBucket(id);
    assert.equal(await catalog.findBucket('photos'), undefined);
    await assert.rejects(catalog.deleteBucket(id), withCode('NoSuchBucket'));
  });

  test('a bucket made again is another one: writes to the old one are refused', async (t) => {
    const catalog = await open(t);
    const old = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
    await catalog.deleteBucket(old.id);
    const made = await catalog.createBucket({ name: 'photos', owner: 'bob', region: REGION });
    assert.notEqual(made.id, old.id);
    assert.notEqual(made.scope, old.scope);
    assert.equal((await catalog.findBucket('photos'))?.owner, 'bob');
    await assert.rejects(
      catalog.publishVersion(publication({ bucket: old.id, key: 'k' })),
      withCode('NoSuchBucket'),
    );
    await assert.rejects(catalog.deleteVersions(old.id, deletions('k')), withCode('NoSuchBucket'));
  });

  test('of a delete and a publish at once, whichever comes second is refused', async (t) => {
    const catalog = await open(t);
    for (const deleteFirst of [true, false]) {
      const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: REGION });
      const remove = (): Promise<unknown> => catalog.deleteBucket(id);
      const publish = (): Promise<unknown> => catalog.publishVersion(publication({ bucket: id, key: 'k' }));
      const outcomes = await Promise.allSettled(deleteFirst ? [remove(), publish()] : [publish(), remove()]);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      const exists = (await catalog.findBucket('photos')) !== undefined;
      assert.equal((await catalog.findVersion(id, 'k')) !== undefined, exists);
      if (!exists) continue;
      await catalog.deleteVersions(id, deletions('k'));
      await catalog.deleteBucket(id);
    }
  });

  test('buckets are listed in name order, by owner, prefix and page', async (t) => {
    const catalog = await open(t);
    for (const [name, owner] of [
      ['b-two', 'alice'],
      ['a', 'bob'],
      ['b-one', 'alice'],
      ['zzz', 'alice'],
      ['b.three', 'bob'],
    ] as const) {
      await catalog.createBucket({ name, owner, region: REGION });
    }
    assert.deepEqual(await names(catalog), ['a', 'b-one', 'b-two', 'b.three', 'zzz']);
    assert.deepEqual(await names(catalog, { owner: 'alice' }), ['b-one', 'b-two', 'zzz']);
    assert.deepEqual(await names(catalog, { owner: 'nobody' }), []);
    assert.deepEqual(await names(catalog, { prefix: 'b-' }), ['b-one', 'b-two']);
    assert.deepEqual(await names(catalog, { after: 'b-one' }), ['b-two', 'b.three', 'zzz']);
    assert.deepEqual(await names(catalog, { owner: 'bob', prefix: 'b', after: 'a' }), ['b.three']);
    const page = (limit: number): ReturnType<Catalog['listBuckets']> =>
      catalog.listBuckets({ owner: undefined, prefix: '', after: '', limit });
    assert.equal((await page(4)).truncated, true);
    assert.equal((await page(4)).buckets.length, 4);
    assert.equal((await page(5)).truncated, false);
  });
}
