/** The catalog's contract: publishing, finding, opening and deleting versions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog } from '../catalog.ts';
import { deletions, inline, listing, publication, withCode } from '../requests.fixtures.ts';

async function withBucket(open: Promise<Catalog> | Catalog): Promise<{ catalog: Catalog; bucket: number }> {
  const catalog = await open;
  const { id } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  return { catalog, bucket: id };
}

/** An object's bytes, when they are all kept in the catalog. */
async function readInline(catalog: Catalog, bucket: number, key: string): Promise<string | undefined> {
  const opened = await catalog.openVersion(bucket, key);
  if (opened === undefined) return undefined;
  const extents = await opened.extents(0, opened.version.size);
  opened.release();
  return extents
    .map(({ data, offset, length }) =>
      Buffer.from(data ?? [])
        .subarray(offset, offset + length)
        .toString(),
    )
    .join('');
}

export function versionTests(open: OpenCatalog): void {
  openVersionTests(open);

  test('a version is found with everything it was published with', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const request = publication({
      bucket,
      key: 'k',
      ...inline('hello'),
      storageClass: 'STANDARD_IA',
      owner: 'bob',
      attributes: '{"contentType":"text/plain"}',
      tags: '[["a","b"]]',
      checksumAlgorithm: 'CRC32',
      checksumValue: 'NhCmhg==',
    });
    const before = Date.now();
    const { seq, modifiedMs } = await catalog.publishVersion(request);
    assert.ok(modifiedMs >= before && modifiedMs <= Date.now());
    const found = await catalog.findVersion(bucket, 'k');
    const { bucket: _bucket, condition: _condition, content: _content, ...fields } = request;
    const made = { seq, since: seq, modifiedMs, isNull: true, deleteMarker: false, restoredUntilMs: null };
    assert.deepEqual({ ...found, manifest: 0 }, { ...fields, ...made, extents: 1, parts: 0, manifest: 0 });
    assert.equal(await readInline(catalog, bucket, 'k'), 'hello');
  });

  test('keys are told apart by every character, and buckets by their number', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const other = await catalog.createBucket({ name: 'other', owner: 'alice', region: 'us-east-1' });
    const keys = ['k', 'K', 'k ', 'k/', 'k\u0000', 'k\u0000x', 'é', 'e\u0301', '%6b', '😀', '\uE000'];
    await Promise.all(
      keys.map((key) => catalog.publishVersion(publication({ bucket, key, ...inline(key) }))),
    );
    for (const key of keys) {
      assert.equal((await catalog.findVersion(bucket, key))?.key, key);
      assert.equal(await readInline(catalog, bucket, key), key);
      assert.equal(await catalog.findVersion(other.id, key), undefined);
    }
  });

  test('a later version replaces an earlier one and has the greater number', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const first = await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('one') }));
    const second = await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('two') }));
    assert.ok(second.seq > first.seq);
    assert.equal((await catalog.findVersion(bucket, 'k'))?.seq, second.seq);
    assert.equal(await readInline(catalog, bucket, 'k'), 'two');
    assert.equal((await catalog.listObjects(listing(bucket))).versions.length, 1);
  });

  test('equal bytes under two keys are two objects', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    for (const key of ['a', 'b']) {
      await catalog.publishVersion(publication({ bucket, key, ...inline('same') }));
    }
    await catalog.deleteVersions(bucket, deletions('a'));
    assert.equal(await readInline(catalog, bucket, 'b'), 'same');
  });

  test('a delete takes the keys it names, and absent ones are no error', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const keys = Array.from({ length: 250 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => catalog.publishVersion(publication({ bucket, key }))));
    await catalog.deleteVersions(bucket, deletions('absent', ...keys.slice(0, 230), 'k0'));
    const { versions } = await catalog.listObjects(listing(bucket));
    assert.deepEqual(versions.map(({ key }) => key).sort(), keys.slice(230).sort());
    await catalog.deleteVersions(bucket, deletions());
  });

  test('a version in a bucket that does not exist is refused', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const request = publication({ bucket: bucket + 1000, key: 'k', ...inline('x') });
    await assert.rejects(catalog.publishVersion(request), withCode('NoSuchBucket'));
    assert.equal(await catalog.findVersion(bucket + 1000, 'k'), undefined);
  });

  test('writes that are asked for in one go are made in that order', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const published = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        catalog.publishVersion(publication({ bucket, key: 'k', ...inline(`${i}`) })),
      ),
    );
    const order = published.map(({ seq }) => seq);
    assert.deepEqual(
      order,
      [...new Set(order)].sort((a, b) => a - b),
    );
    assert.equal(await readInline(catalog, bucket, 'k'), '49');
  });
}

function openVersionTests(open: OpenCatalog): void {
  test('an empty object has no extents', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    await catalog.publishVersion(publication({ bucket, key: 'k' }));
    const opened = await catalog.openVersion(bucket, 'k');
    assert.ok(opened);
    assert.equal(opened.version.manifest, null);
    assert.deepEqual(await opened.extents(0, 0), []);
    opened.release();
  });

  test('an open version is read as it was, whatever happens to its key', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('before') }));
    const opened = await catalog.openVersion(bucket, 'k');
    assert.ok(opened);
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('after') }));
    await catalog.deleteVersions(bucket, deletions('k'));
    const [extent, ...more] = await opened.extents(0, 6);
    assert.deepEqual(more, []);
    assert.equal(Buffer.from(extent?.data ?? []).toString(), 'before');
    assert.equal(extent?.location, null);
    assert.deepEqual(await opened.extents(3, 3), []);
    opened.release();
    opened.release();
    assert.equal(await catalog.openVersion(bucket, 'k'), undefined);
  });
}
