/** The catalog's contract: conditions of writes and of deletes, and copies, where a key has a history. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { DeletionResult, VersionId } from '../catalog.ts';
import { copyOf, deletions, inline, publication, withCode } from '../requests.fixtures.ts';
import { findIn, newModel, readOf } from './history-model.testing.ts';

export function historyConditionTests(open: OpenCatalog): void {
  test('conditions of writes look at the latest version, and see nothing in a delete marker', async (t) => {
    const { catalog, bucket } = await newModel(open(t));
    await catalog.setVersioning(bucket, 'enabled');
    const put = (text: string, condition: { ifAbsent: true } | { ifMatch: string }): Promise<unknown> =>
      catalog.publishVersion(publication({ bucket, key: 'k', ...inline(text), condition }));
    await put('one', { ifAbsent: true });
    await assert.rejects(put('two', { ifAbsent: true }), withCode('PreconditionFailed'));
    await put('two', { ifMatch: inline('one').etag });
    await assert.rejects(put('three', { ifMatch: inline('one').etag }), withCode('PreconditionFailed'));
    await catalog.deleteVersions(bucket, deletions('k'));
    await assert.rejects(put('three', { ifMatch: '*' }), withCode('NoSuchKey'));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) => put(`after ${i}`, { ifAbsent: true })),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('a version is copied by its number, over a newer one of its own key, too', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    await model.put('a');
    await model.setVersioning('enabled');
    const middle = await model.put('a');
    await model.put('a');
    const copy = async (version: VersionId, key: string): Promise<void> => {
      const source = await findIn(model, 'a', version);
      await catalog.copyVersion(copyOf({ bucket, version: source }, { bucket, key, sourceVersion: version }));
    };
    await copy('null', 'b');
    assert.equal(await readOf(model, 'b'), 'a 0');
    await copy(middle.seq, 'a');
    assert.equal(await readOf(model, 'a'), 'a 1');
    await model.deleteVersion('a', middle.seq);
    assert.equal(await readOf(model, 'a'), 'a 1');
    const gone = copyOf(
      { bucket, version: { ...(await findIn(model, 'a')), seq: middle.seq } },
      { bucket, key: 'c', sourceVersion: middle.seq },
    );
    await assert.rejects(catalog.copyVersion(gone), withCode('SourceChanged'));
    await catalog.deleteVersions(bucket, deletions('b'));
    const marker = await findIn(model, 'b');
    await assert.rejects(
      catalog.copyVersion(copyOf({ bucket, version: marker }, { bucket, key: 'c' })),
      withCode('NoSuchKey'),
    );
  });

  test('a delete is done on its condition only, and each in a list on its own', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    const { etag, size } = inline('hello');
    const { modifiedMs } = await catalog.publishVersion(
      publication({ bucket, key: 'k', ...inline('hello') }),
    );
    const failed = (error: DeletionResult['error']): DeletionResult => {
      return { version: null, deleteMarker: false, error };
    };
    const results = await catalog.deleteVersions(bucket, [
      { key: 'k', condition: { ifMatch: 'other' } },
      { key: 'k', condition: { ifMatch: etag, size: size + 1 } },
      { key: 'k', condition: { size, modifiedMs: modifiedMs + 1000 } },
      { key: 'k', version: 'null', condition: { ifMatch: 'other' } },
      { key: 'k', version: 12345, condition: { ifMatch: '*' } },
      { key: 'absent', condition: { ifMatch: '*' } },
      // S3: what is not there has been deleted, unless its ETag was asked for.
      { key: 'absent', condition: { size: 1, modifiedMs: 1 } },
    ]);
    assert.deepEqual(results, [
      ...Array.from({ length: 4 }, () => failed('PreconditionFailed')),
      failed('NoSuchVersion'),
      failed('NoSuchKey'),
      failed(null),
    ]);
    const wholeSeconds = Math.floor(modifiedMs / 1000) * 1000;
    const done = await catalog.deleteVersions(bucket, [
      { key: 'k', condition: { ifMatch: etag, size, modifiedMs: wholeSeconds } },
    ]);
    assert.deepEqual(done, [failed(null)]);
    assert.equal(await catalog.findVersion(bucket, 'k'), undefined);
  });

  test('a condition of a delete sees nothing in a delete marker, and leaves no second one', async (t) => {
    const model = await newModel(open(t));
    const { catalog, bucket } = model;
    await model.setVersioning('enabled');
    const { etag } = await model.put('a');
    await model.delete('a');
    const results = await catalog.deleteVersions(bucket, [
      { key: 'a', condition: { ifMatch: '*' } },
      { key: 'a', condition: { ifMatch: etag } },
      { key: 'a', condition: { size: 0 } },
      { key: 'never', condition: { size: 0 } },
    ]);
    assert.deepEqual(
      results.map(({ error }) => error),
      ['NoSuchKey', 'NoSuchKey', null, null],
    );
    await model.compare(['a', 'never']);
  });
}
