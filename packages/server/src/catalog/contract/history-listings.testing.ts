/** The catalog's contract: listings of versions, held against the model that has them all in memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { HistoryRequest, VersionId } from '../catalog.ts';
import { copyOf, publication } from '../requests.fixtures.ts';
import { HistoryModel, inShort } from './history-model.testing.ts';

const BUCKET = { owner: 'alice', region: 'us-east-1' };

/** Few, so that keys share prefixes; on both sides of where UTF-16 and UTF-8 order differ. */
const piece = fc.constantFrom('a', 'b', '/', '//', '-', '\u0000', '\ue000', '😀', '\u{10ffff}');
const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(piece, { minLength, maxLength }).map((pieces) => pieces.join(''));

const marker = fc.oneof(
  fc.constant(undefined),
  fc.constant('null' as const),
  fc.nat(40).map((n) => ({ index: n })),
);

function request(bucket: number, fields: Partial<HistoryRequest>): HistoryRequest {
  return { bucket, prefix: '', delimiter: '', after: { key: '' }, limit: 1000, ...fields };
}

export function historyListingTests(open: OpenCatalog): void {
  test('what is listed is what a plain model lists, page by page', async (t) => {
    const catalog = await open(t);
    let buckets = 0;
    const write = fc.record({ key: text(1, 3), kind: fc.constantFrom('put', 'put', 'delete', 'null') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 40, size: 'max' }),
        text(0, 1),
        fc.oneof(fc.constant(''), text(1, 2)),
        fc.oneof(fc.constant(''), text(1, 3)),
        marker,
        fc.integer({ min: 0, max: 8 }),
        async (writes, prefix, delimiter, key, mark, limit) => {
          const { id } = await catalog.createBucket({ name: `bucket-${buckets++}`, ...BUCKET });
          const model = new HistoryModel(catalog, id);
          for (const one of writes) {
            await model.setVersioning(one.kind === 'null' ? 'suspended' : 'enabled');
            if (one.kind === 'delete') await model.delete(one.key);
            else await model.put(one.key);
          }
          const all = [...model.keys.values()].flat();
          const version: VersionId | undefined =
            typeof mark === 'object' ? (all[mark.index % all.length]?.seq ?? 1) : mark;
          const after = version === undefined || key === '' ? { key } : { key, version };
          const asked = request(id, { prefix, delimiter, after, limit });
          assert.deepEqual(inShort(await catalog.listVersions(asked)), model.list(asked));
          // Every page from the start: together they are the whole.
          let next: HistoryRequest['after'] = { key: '' };
          for (let truncated = true; truncated;) {
            const page = request(id, { prefix, delimiter, after: next, limit: limit + 1 });
            const result = await catalog.listVersions(page);
            assert.deepEqual(inShort(result), model.list(page));
            ({ truncated, last: next } = result);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a page goes on after a version that is gone by then, also a null one', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket({ name: 'photos', ...BUCKET });
    const model = new HistoryModel(catalog, bucket);
    for (const versioning of ['enabled', 'suspended', 'enabled'] as const) {
      await model.setVersioning(versioning);
      await model.put('k');
      if (versioning === 'enabled') await model.put('k');
    }
    for (const isNull of [false, true]) {
      const first = await catalog.listVersions(request(bucket, { limit: 2 }));
      const { key, seq, ...last } = first.entries[1] ?? { key: '', seq: 0 };
      assert.equal('isNull' in last && last.isNull, isNull);
      await model.deleteVersion(key, isNull ? 'null' : seq);
      const rest = request(bucket, { after: first.last });
      assert.deepEqual(inShort(await catalog.listVersions(rest)), model.list(rest));
      assert.equal(model.list(rest).entries.length, isNull ? 2 : 3);
    }
    // Who asks for what follows the null version, and there is none, gets all there is.
    const after = request(bucket, { after: { key: 'k', version: 'null' } });
    assert.equal((await catalog.listVersions(after)).entries.length, 3);
  });

  test('many versions of a key, more than any page of the backend, and many groups of nothing but markers', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket({ name: 'photos', ...BUCKET });
    const model = new HistoryModel(catalog, bucket);
    await model.setVersioning('enabled');
    for (let i = 0; i < 2100; i++) await model.put('many');
    for (let i = 0; i < 150; i++) await model.delete(`gone-${i}/x`);
    await model.put('last');
    for (const fields of [
      { limit: 5000 },
      { limit: 1000 },
      { limit: 1000, after: { key: 'many' } },
      { limit: 1000, after: { key: 'many', version: model.keys.get('many')?.[999]?.seq ?? 0 } },
      { limit: 1050, after: { key: 'many', version: model.keys.get('many')?.[1070]?.seq ?? 0 } },
      { limit: 5000, delimiter: '/' },
      { limit: 100, delimiter: '/' },
      { limit: 5000, delimiter: '/', prefix: 'gone-1' },
    ]) {
      const asked = request(bucket, fields);
      assert.deepEqual(inShort(await catalog.listVersions(asked)), model.list(asked));
    }
  });
}

export function historyEntryTests(open: OpenCatalog): void {
  test('an entry carries what a listing shows, and no other bucket is in it', async (t) => {
    const catalog = await open(t);
    const { id: bucket } = await catalog.createBucket({ name: 'photos', ...BUCKET });
    const { id: other } = await catalog.createBucket({ name: 'other', ...BUCKET });
    await catalog.setVersioning(bucket, 'enabled');
    await catalog.publishVersion(publication({ bucket: other, key: 'k' }));
    const checksum = { checksumAlgorithm: 'SHA1', checksumValue: 'value-2' };
    const put = publication({ bucket, key: 'k', size: 5, etag: 'e', storageClass: 'GLACIER', ...checksum });
    const { seq, modifiedMs } = await catalog.publishVersion(put);
    const version = await catalog.findVersion(bucket, 'k');
    assert.ok(version);
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'z' }));
    const [deleted] = await catalog.deleteVersions(bucket, [{ key: 'k' }]);
    const { entries } = await catalog.listVersions(request(bucket, { limit: 2 }));
    const { modifiedMs: markedMs } = (await catalog.findVersion(bucket, 'k')) ?? { modifiedMs: 0 };
    assert.deepEqual(entries, [
      {
        key: 'k',
        seq: deleted?.version,
        isNull: false,
        deleteMarker: true,
        latest: true,
        size: 0,
        etag: '',
        modifiedMs: markedMs,
        storageClass: 'STANDARD',
        checksumAlgorithm: null,
        checksumType: null,
      },
      {
        key: 'k',
        seq,
        isNull: false,
        deleteMarker: false,
        latest: false,
        size: 5,
        etag: 'e',
        modifiedMs,
        storageClass: 'GLACIER',
        checksumAlgorithm: 'SHA1',
        checksumType: 'COMPOSITE',
      },
    ]);
  });
}
