/** The catalog's contract: tags of versions and of buckets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import { inline, publication, withCode } from '../requests.fixtures.ts';
import { findIn, newModel, readOf } from './history-model.testing.ts';

const TAGS = '[["a","b"]]';

export function tagTests(open: OpenCatalog): void {
  test('the tags of a version are replaced, and nothing else of it', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    const put = publication({ bucket, key: 'a', ...inline('bytes'), tags: '[["old","1"]]' });
    const { seq } = await catalog.publishVersion(put);
    const before = await findIn(model, 'a');
    for (const tags of [TAGS, null]) {
      assert.deepEqual(await catalog.setTags({ bucket, key: 'a', tags }), { version: null });
      const { since, ...after } = await findIn(model, 'a');
      assert.ok(since > seq);
      assert.deepEqual({ ...after, since: before.since }, { ...before, tags });
      assert.equal(await readOf(model, 'a'), 'bytes');
    }
    const { entries } = await catalog.listVersions({
      bucket,
      prefix: '',
      delimiter: '',
      after: { key: '' },
      limit: 10,
    });
    assert.deepEqual(
      entries.map((entry) => entry.seq),
      [seq],
    );
  });

  test('of the version that is named, by default of the latest', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    const first = await model.put('a');
    await model.setVersioning('enabled');
    const second = await model.put('a');
    const third = await model.put('a');
    const tag = (version: number | 'null' | undefined, tags: string): Promise<unknown> =>
      catalog.setTags({ bucket, key: 'a', version, tags });
    assert.deepEqual(await tag('null', '1'), { version: 'null' });
    assert.deepEqual(await tag(second.seq, '2'), { version: second.seq });
    assert.deepEqual(await tag(undefined, '3'), { version: third.seq });
    assert.equal((await findIn(model, 'a', 'null')).tags, '1');
    assert.equal((await findIn(model, 'a', second.seq)).tags, '2');
    assert.equal((await findIn(model, 'a', third.seq)).tags, '3');
    await model.compare(['a']);
    await assert.rejects(tag(first.seq, '4'), withCode('NoSuchKey'));
    await assert.rejects(catalog.setTags({ bucket, key: 'b', tags: TAGS }), withCode('NoSuchKey'));
    await model.delete('a');
    await assert.rejects(tag(undefined, '4'), withCode('NoSuchKey'));
    await assert.rejects(
      catalog.setTags({ bucket: bucket + 1000, key: 'a', tags: null }),
      withCode('NoSuchBucket'),
    );
  });

  test('a bucket has tags of its own', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    const tags = async (): Promise<unknown> => (await catalog.findBucket('photos'))?.tags;
    assert.equal(await tags(), null);
    for (const chosen of [TAGS, '[]', null]) {
      await catalog.setBucketTags(bucket, chosen);
      assert.equal(await tags(), chosen);
    }
    await assert.rejects(catalog.setBucketTags(bucket + 1000, TAGS), withCode('NoSuchBucket'));
  });
}
