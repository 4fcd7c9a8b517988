/** The catalog's contract: copies share their source's bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog, Version } from '../catalog.ts';
import { copyOf, deletions, inline, publication, withCode } from '../requests.fixtures.ts';

interface Source {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly version: Version;
}

/** A catalog with one bucket and one object in it. */
async function source(opening: Promise<Catalog> | Catalog): Promise<Source> {
  const catalog = await opening;
  const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  const request = publication({
    bucket: id,
    key: 'source',
    ...inline('bytes'),
    checksumAlgorithm: 'SHA1',
    checksumValue: 'value',
  });
  await catalog.publishVersion(request);
  const version = await catalog.findVersion(id, 'source');
  assert.ok(version);
  return { catalog, bucket: id, version };
}

async function read(catalog: Catalog, bucket: number, key: string): Promise<string> {
  const opened = await catalog.openVersion(bucket, key);
  const extents = (await opened?.extents(0, opened.version.size)) ?? [];
  opened?.release();
  return extents.map(({ data }) => Buffer.from(data ?? []).toString()).join('');
}

export function copyTests(open: OpenCatalog): void {
  test('a copy has the bytes, size, ETag and checksum of its source and attributes of its own', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    const other = await catalog.createBucket({ name: 'other', owner: 'bob', region: 'us-east-1' });
    const request = copyOf({ bucket, version }, { bucket: other.id, key: 'copy', attributes: '{"a":1}' });
    const { seq, modifiedMs } = await catalog.copyVersion({ ...request, owner: 'bob', tags: '[]' });
    const copy = await catalog.findVersion(other.id, 'copy');
    const expected = {
      ...version,
      key: 'copy',
      seq,
      since: seq,
      modifiedMs,
      attributes: '{"a":1}',
      owner: 'bob',
    };
    assert.deepEqual({ ...copy }, { ...expected, tags: '[]' });
    assert.ok(seq > version.seq);
    assert.equal(await read(catalog, other.id, 'copy'), 'bytes');
  });

  test('the bytes live as long as the last that shares them', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'one' }));
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'two' }));
    await catalog.deleteVersions(bucket, deletions('source', 'one'));
    assert.equal(await read(catalog, bucket, 'two'), 'bytes');
  });

  test('a version copied onto itself gets new attributes and keeps its bytes', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'source', attributes: '{"a":2}' }));
    assert.equal((await catalog.findVersion(bucket, 'source'))?.attributes, '{"a":2}');
    assert.equal(await read(catalog, bucket, 'source'), 'bytes');
  });

  test('a checksum that the copy brings replaces that of the source', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    const checksum = { checksumAlgorithm: 'CRC32C', checksumValue: 'other' };
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'copy', ...checksum }));
    const copy = await catalog.findVersion(bucket, 'copy');
    assert.deepEqual([copy?.checksumAlgorithm, copy?.checksumValue], ['CRC32C', 'other']);
  });

  test('an empty object is copied', async (t) => {
    const { catalog, bucket } = await source(open(t));
    await catalog.publishVersion(publication({ bucket, key: 'empty' }));
    const version = await catalog.findVersion(bucket, 'empty');
    assert.ok(version);
    await catalog.copyVersion(copyOf({ bucket, version }, { bucket, key: 'copy' }));
    assert.equal((await catalog.findVersion(bucket, 'copy'))?.manifest, null);
  });

  test('a source that was replaced or deleted since it was looked at is SourceChanged', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    const request = copyOf({ bucket, version }, { bucket, key: 'copy' });
    await catalog.publishVersion(publication({ bucket, key: 'source', ...inline('bytes') }));
    await assert.rejects(catalog.copyVersion(request), withCode('SourceChanged'));
    await catalog.deleteVersions(bucket, deletions('source'));
    await assert.rejects(catalog.copyVersion(request), withCode('SourceChanged'));
    assert.equal(await catalog.findVersion(bucket, 'copy'), undefined);
  });

  test('a copy is refused as a publication is', async (t) => {
    const { catalog, bucket, version } = await source(open(t));
    const to = (key: string, fields: Partial<Parameters<Catalog['copyVersion']>[0]>): Promise<unknown> =>
      catalog.copyVersion(copyOf({ bucket, version }, { bucket, key, ...fields }));
    await assert.rejects(to('k', { condition: { ifMatch: '*' } }), withCode('NoSuchKey'));
    await assert.rejects(to('k', { bucket: bucket + 1000 }), withCode('NoSuchBucket'));
    await to('k', { condition: { ifAbsent: true } });
    await assert.rejects(to('k', { condition: { ifAbsent: true } }), withCode('PreconditionFailed'));
    await assert.rejects(to('k', { condition: { ifMatch: 'other' } }), withCode('PreconditionFailed'));
    await to('k', { condition: { ifMatch: version.etag } });
    await catalog.deleteVersions(bucket, deletions('k'));
    assert.equal(await read(catalog, bucket, 'source'), 'bytes');
  });
}
