/** The catalog's contract: the versions of a key, while versioning is enabled, suspended, and enabled again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import { withCode } from '../requests.fixtures.ts';
import { findIn, idOf, newModel, readOf } from './history-model.testing.ts';

const KEYS = ['a', 'a\u0000'];

export function historyTests(open: OpenCatalog): void {
  test('a bucket tells its versioning, which is enabled and suspended, and never taken back', async (t) => {
    const model = await newModel(open(t));
    const versioning = async (): Promise<unknown> => (await model.catalog.findBucket('photos'))?.versioning;
    assert.equal(await versioning(), 'never');
    for (const chosen of ['suspended', 'enabled', 'enabled', 'suspended', 'enabled'] as const) {
      await model.setVersioning(chosen);
      assert.equal(await versioning(), chosen);
    }
    await assert.rejects(
      model.catalog.setVersioning(model.bucket + 1000, 'enabled'),
      withCode('NoSuchBucket'),
    );
  });

  test('enabled: every write adds a version, and each keeps its bytes', async (t) => {
    const model = await newModel(open(t));
    await model.put('a');
    await model.setVersioning('enabled');
    const second = await model.put('a');
    const third = await model.put('a');
    await model.compare(['a']);
    assert.equal(await readOf(model, 'a'), 'a 2');
    assert.equal(await readOf(model, 'a', third.seq), 'a 2');
    assert.equal(await readOf(model, 'a', second.seq), 'a 1');
    assert.equal(await readOf(model, 'a', 'null'), 'a 0');
  });

  test('a delete leaves a marker, also of what was never there, and removing it brings the key back', async (t) => {
    const model = await newModel(open(t));
    await model.setVersioning('enabled');
    await model.put('a');
    for (const key of ['a', 'b']) await model.delete(key);
    await model.compare(['a', 'b']);
    const marker = await findIn(model, 'a');
    assert.ok(marker.deleteMarker && marker.manifest === null && marker.size === 0);
    await model.deleteVersion('a', marker.seq);
    await model.deleteVersion('b', (await findIn(model, 'b')).seq);
    await model.compare(['a', 'b']);
    assert.equal(await readOf(model, 'a'), 'a 0');
  });

  test('suspended: a write replaces the null version wherever it stands, marker or data, and nothing else', async (t) => {
    const model = await newModel(open(t));
    await model.put('a');
    await model.setVersioning('enabled');
    await model.put('a');
    await model.setVersioning('suspended');
    await model.put('a');
    await model.compare(['a']);
    await model.setVersioning('enabled');
    await model.put('a');
    await model.setVersioning('suspended');
    for (const write of ['delete', 'delete', 'put', 'put', 'delete'] as const) {
      await model[write]('a');
      await model.compare(['a']);
      assert.equal(model.keys.get('a')?.length, 3);
    }
    await model.deleteVersion('a', 'null');
    await model.compare(['a']);
    assert.equal(await readOf(model, 'a'), 'a 3');
  });

  test('whichever version is removed, the newest of those left is the latest', async (t) => {
    const model = await newModel(open(t));
    await model.setVersioning('enabled');
    let round = 0;
    for (const order of permutations([0, 1, 2, 3])) {
      const key = `k${round++}`;
      const ids = [(await model.put(key)).seq];
      await model.delete(key);
      ids.push((await findIn(model, key)).seq);
      ids.push((await model.put(key)).seq, (await model.put(key)).seq);
      for (const i of order) {
        await model.deleteVersion(key, ids[i] as number);
        await model.compare([key].concat([...model.keys.keys()].filter((other) => other !== key)));
      }
    }
  });

  test('what is not there is removed, too: unknown numbers, another key’s, the number of a null version', async (t) => {
    const model = await newModel(open(t));
    const nullVersion = await model.put('a');
    await model.setVersioning('enabled');
    const version = await model.put('b');
    for (const seq of [nullVersion.seq, version.seq, version.seq + 1000]) await model.deleteVersion('a', seq);
    await model.deleteVersion('b', 'null');
    await model.deleteVersion('never', 'null');
    await model.compare(['a', 'b', 'never']);
  });

  test('a bucket of nothing but markers and old versions is not empty', async (t) => {
    const model = await newModel(open(t));
    await model.setVersioning('enabled');
    const { seq } = await model.put('a');
    await model.delete('a');
    const { catalog, bucket } = model;
    await assert.rejects(catalog.deleteBucket(bucket), withCode('BucketNotEmpty'));
    await model.deleteVersion('a', seq);
    await assert.rejects(catalog.deleteBucket(bucket), withCode('BucketNotEmpty'));
    await model.deleteVersion('a', (await findIn(model, 'a')).seq);
    await catalog.deleteBucket(bucket);
  });
}

export function historyModelTests(open: OpenCatalog): void {
  test('every history is what a plain model makes of it', async (t) => {
    const catalog = await open(t);
    let buckets = 0;
    const key = fc.constantFrom(...KEYS);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('deleteVersion' as const), key, index: fc.nat(6) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('enabled' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('suspended' as const), key }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
        const model = await newModel(catalog, `bucket-${buckets++}`);
        for (const one of steps) {
          if (one.do === 'put') await model.put(one.key);
          else if (one.do === 'delete') await model.delete(one.key);
          else if (one.do !== 'deleteVersion') await model.setVersioning(one.do);
          else {
            const version = model.keys.get(one.key)?.[one.index];
            await model.deleteVersion(one.key, version === undefined ? 'null' : idOf(version));
          }
          await model.compare(KEYS);
        }
      }),
      { numRuns: 25 },
    );
  });
}

function permutations(numbers: readonly number[]): number[][] {
  if (numbers.length <= 1) return [[...numbers]];
  return numbers.flatMap((first) =>
    permutations(numbers.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  );
}
