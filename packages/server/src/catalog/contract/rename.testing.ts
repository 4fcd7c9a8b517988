/** The catalog's contract: renaming moves a version to another key, as it is, and does so at once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog, RenameRequest, Version } from '../catalog.ts';
import { deletions, inline, listing, publication, withCode } from '../requests.fixtures.ts';
import { begin, complete, readAll, send } from '../upload-requests.fixtures.ts';

interface Renaming {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly put: (key: string, text: string) => Promise<Version>;
  readonly rename: (sourceKey: string, key: string, fields?: Partial<RenameRequest>) => Promise<void>;
  /** Key and bytes of every object, in order. */
  readonly all: () => Promise<[string, string | undefined][]>;
}

async function withBucket(opening: Promise<Catalog> | Catalog): Promise<Renaming> {
  const catalog = await opening;
  const { id: bucket } = await catalog.createBucket({ name: 'docs', owner: 'alice', region: 'us-east-1' });
  return {
    catalog,
    bucket,
    put: async (key, text) => {
      await catalog.publishVersion(publication({ bucket, key, ...inline(text) }));
      return (await catalog.findVersion(bucket, key)) as Version;
    },
    rename: (sourceKey, key, fields) =>
      catalog.renameVersion({
        bucket,
        sourceKey,
        key,
        sourceConditions: {},
        destinationConditions: {},
        token: null,
        ...fields,
      }),
    all: async () => {
      const { versions } = await catalog.listObjects(listing(bucket));
      return Promise.all(
        versions.map(async ({ key }): Promise<[string, string | undefined]> => [
          key,
          await readAll(catalog, bucket, key),
        ]),
      );
    },
  };
}

export function renameTests(open: OpenCatalog): void {
  movingTests(open);
  conditionTests(open);
  tokenTests(open);
}

function movingTests(open: OpenCatalog): void {
  test('everything but the key stays as it is', async (t) => {
    const { catalog, bucket, rename, all } = await withBucket(open(t));
    const request = publication({
      bucket,
      key: 'a',
      ...inline('bytes'),
      storageClass: 'GLACIER',
      owner: 'bob',
      attributes: '{"a":1}',
      tags: '[["a","b"]]',
      checksumAlgorithm: 'CRC32',
      checksumValue: 'NhCmhg==',
    });
    const { seq } = await catalog.publishVersion(request);
    await catalog.restoreVersion({ bucket, key: 'a', version: undefined, untilMs: 2 ** 50 });
    const before = await catalog.findVersion(bucket, 'a');
    await rename('a', 'b');
    const after = await catalog.findVersion(bucket, 'b');
    assert.ok((after?.seq ?? 0) > seq);
    assert.deepEqual({ ...after, seq: 0, since: 0 }, { ...before, key: 'b', seq: 0, since: 0 });
    assert.deepEqual(await all(), [['b', 'bytes']]);
  });

  test('what was at the destination is replaced', async (t) => {
    const { put, rename, all } = await withBucket(open(t));
    await put('a', 'new');
    await put('b', 'old');
    await rename('a', 'b');
    assert.deepEqual(await all(), [['b', 'new']]);
  });

  test('there and back, empty objects and multipart ones, too', async (t) => {
    const { catalog, bucket, put, rename, all } = await withBucket(open(t));
    await catalog.publishVersion(publication({ bucket, key: 'a' }));
    const name = await begin(catalog, { bucket, key: 'm' });
    for (const number of [1, 2, 3]) await send(catalog, name, number, `${number}`);
    await complete(catalog, name);
    for (const [from, to] of [
      ['a', 'b'],
      ['m', 'n'],
      ['b', 'a'],
      ['n', 'm'],
      ['m', 'n'],
    ] as const) {
      await rename(from, to);
    }
    await put('m', 'other');
    assert.deepEqual(await all(), [
      ['a', ''],
      ['m', 'other'],
      ['n', '123'],
    ]);
    const { parts, manifest } = (await catalog.findVersion(bucket, 'n')) as Version;
    assert.equal(parts, 3);
    const listed = await catalog.uploads.listParts({ manifest: manifest ?? 0, after: 0, limit: 10 });
    assert.equal(listed.parts.length, 3);
  });

  test('to its own key: nothing happens', async (t) => {
    const { catalog, bucket, put, rename } = await withBucket(open(t));
    const before = await put('a', 'bytes');
    await rename('a', 'a');
    assert.deepEqual(await catalog.findVersion(bucket, 'a'), before);
    await assert.rejects(rename('absent', 'absent'), withCode('NoSuchKey'));
  });

  test('no source, no bucket, and a bucket that has versions or had them', async (t) => {
    const { catalog, bucket, put, rename, all } = await withBucket(open(t));
    await put('a', 'bytes');
    await assert.rejects(rename('absent', 'a'), withCode('NoSuchKey'));
    await assert.rejects(rename('a', 'b', { bucket: bucket + 1000 }), withCode('NoSuchBucket'));
    for (const versioning of ['enabled', 'suspended'] as const) {
      await catalog.setVersioning(bucket, versioning);
      await assert.rejects(rename('a', 'b'), withCode('VersionedBucket'));
    }
    assert.deepEqual(await all(), [['a', 'bytes']]);
  });

  test('of many that rename the same object one wins, and the bytes are there once', async (t) => {
    const { put, rename, all } = await withBucket(open(t));
    await put('a', 'bytes');
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => rename('a', `to ${i}`)));
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.deepEqual(await all(), [[`to ${winner}`, 'bytes']]);
  });
}

function conditionTests(open: OpenCatalog): void {
  test('conditions on the source and on the destination', async (t) => {
    const { put, rename, all } = await withBucket(open(t));
    const { etag, modifiedMs } = await put('a', 'bytes');
    const other = await put('b', 'other');
    const second = modifiedMs - (modifiedMs % 1000);
    const state = await all();
    for (const [key, fields] of [
      ['b', { sourceConditions: { ifMatch: ['x'] } }],
      ['b', { sourceConditions: { ifNoneMatch: [etag] } }],
      ['b', { sourceConditions: { ifModifiedSince: second } }],
      ['b', { sourceConditions: { ifUnmodifiedSince: second - 1000 } }],
      ['b', { destinationConditions: { ifMatch: [etag] } }],
      ['b', { destinationConditions: { ifNoneMatch: '*' as const } }],
      ['b', { destinationConditions: { ifUnmodifiedSince: second - 1000 } }],
      ['c', { destinationConditions: { ifMatch: '*' as const } }],
      ['c', { destinationConditions: { ifModifiedSince: 0 } }],
    ] as const) {
      const name = `${key} ${JSON.stringify(fields)}`;
      await assert.rejects(rename('a', key, fields), withCode('PreconditionFailed'), name);
      assert.deepEqual(await all(), state, name);
    }
    await rename('a', 'c', {
      sourceConditions: { ifMatch: [etag], ifUnmodifiedSince: second },
      destinationConditions: { ifNoneMatch: '*' },
    });
    await rename('c', 'b', { destinationConditions: { ifMatch: [other.etag] } });
    assert.deepEqual(await all(), [['b', 'bytes']]);
  });
}

function tokenTests(open: OpenCatalog): void {
  test('a repeated token does nothing, whatever has become of the keys; with another request it is refused', async (t) => {
    const { catalog, bucket, put, rename, all } = await withBucket(open(t));
    await put('a', 'bytes');
    await rename('a', 'b', { token: 't' });
    await rename('a', 'b', { token: 't' });
    await put('a', 'again');
    await rename('a', 'b', { token: 't' });
    const state = [
      ['a', 'again'],
      ['b', 'bytes'],
    ];
    assert.deepEqual(await all(), state);
    for (const [from, to, fields] of [
      ['a', 'c', {}],
      ['b', 'a', {}],
      ['a', 'b', { sourceConditions: { ifMatch: '*' as const } }],
    ] as const) {
      await assert.rejects(rename(from, to, { token: 't', ...fields }), withCode('TokenMismatch'));
    }
    assert.deepEqual(await all(), state);
    const other = await catalog.createBucket({ name: 'other', owner: 'alice', region: 'us-east-1' });
    await catalog.publishVersion(publication({ bucket: other.id, key: 'x' }));
    await rename('x', 'y', { bucket: other.id, token: 't' });
    await catalog.deleteVersions(bucket, deletions('a', 'b'));
    await rename('a', 'b', { token: 't' });
  });

  test('a token whose request was refused is free', async (t) => {
    const { put, rename, all } = await withBucket(open(t));
    await assert.rejects(rename('a', 'b', { token: 't' }), withCode('NoSuchKey'));
    await put('a', 'bytes');
    await rename('a', 'c', { token: 't' });
    assert.deepEqual(await all(), [['c', 'bytes']]);
  });
}
