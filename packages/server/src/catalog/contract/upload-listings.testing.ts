/** The catalog's contract: listing open uploads. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog } from '../catalog.ts';
import { begin, send } from '../upload-requests.fixtures.ts';
import type { UploadListRequest } from '../uploads.ts';

/** Uploads of these keys, begun in this order. */
async function withUploads(
  opening: Promise<Catalog> | Catalog,
  keys: readonly string[],
): Promise<{ catalog: Catalog; bucket: number; ids: number[] }> {
  const catalog = await opening;
  const { id: bucket } = await catalog.createBucket({ name: 'films', owner: 'alice', region: 'us-east-1' });
  const ids: number[] = [];
  for (const key of keys) ids.push((await begin(catalog, { bucket, key })).upload);
  return { catalog, bucket, ids };
}

type Entry = string | readonly [key: string, id: number];

/** All entries, page by page: common prefixes as text. Keys of a page are those that the markers lead to. */
async function walk(
  catalog: Catalog,
  request: Partial<UploadListRequest> & { bucket: number },
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after: UploadListRequest['after'] = request.after ?? { key: '' };
  for (let page = 0; page < 100; page++) {
    const whole = { prefix: '', delimiter: '', limit: 1000, ...request, after };
    const { uploads, commonPrefixes, truncated, last } = await catalog.uploads.listUploads(whole);
    const found: Entry[] = [...commonPrefixes, ...uploads.map(({ key, id }) => [key, id] as const)];
    assert.ok(found.length <= whole.limit);
    const keyOf = (entry: Entry): string => (typeof entry === 'string' ? entry : entry[0]);
    entries.push(...found.sort((a, b) => Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b)))));
    if (!truncated) return entries;
    assert.equal(found.length, whole.limit);
    after = last;
  }
  throw new assert.AssertionError({ message: 'the pages have no end' });
}

const KEYS = ['b', 'a/1', 'a/2/x', 'a/2/y', 'b', '\u{1F600}', '\uFFFD', 'a', 'b', 'c/', 'a/2/x'];

export function uploadListingTests(open: OpenCatalog): void {
  test('in the order of keys, of one key in the order of beginning, whatever the page', async (t) => {
    const { catalog, bucket, ids } = await withUploads(open(t), KEYS);
    const at = (...indexes: number[]): Entry[] =>
      indexes.map((index) => [KEYS[index] ?? '', ids[index] ?? 0] as const);
    const all = at(7, 1, 2, 10, 3, 0, 4, 8, 9, 6, 5);
    for (const limit of [1, 2, 3, 1000]) assert.deepEqual(await walk(catalog, { bucket, limit }), all);
    assert.deepEqual(await walk(catalog, { bucket, prefix: 'a/2/', limit: 1 }), at(2, 10, 3));
    assert.deepEqual(await walk(catalog, { bucket, after: { key: 'b' } }), at(9, 6, 5));
    const second = { key: 'b', upload: ids[4] };
    assert.deepEqual(await walk(catalog, { bucket, after: second }), at(8, 9, 6, 5));
    assert.deepEqual(await walk(catalog, { bucket, prefix: 'b', after: { key: 'a' } }), at(0, 4, 8));
  });

  test('with a delimiter, common prefixes once, and past the one that the marker lies in', async (t) => {
    const { catalog, bucket, ids } = await withUploads(open(t), KEYS);
    const at = (...indexes: number[]): Entry[] =>
      indexes.map((index) => [KEYS[index] ?? '', ids[index] ?? 0] as const);
    const grouped = [...at(7), 'a/', ...at(0, 4, 8), 'c/', ...at(6, 5)];
    for (const limit of [1, 2, 3, 1000])
      assert.deepEqual(await walk(catalog, { bucket, delimiter: '/', limit }), grouped);
    const inside = { bucket, delimiter: '/', prefix: 'a/' };
    assert.deepEqual(await walk(catalog, inside), [...at(1), 'a/2/']);
    for (const key of ['a/', 'a/2/x'])
      assert.deepEqual(await walk(catalog, { bucket, delimiter: '/', after: { key } }), grouped.slice(2));
  });

  test('many uploads of one common prefix, and many prefixes', async (t) => {
    const keys = Array.from({ length: 60 }, (_, i) => `p${i % 3}/${i}`);
    const { catalog, bucket } = await withUploads(open(t), [...keys, 'z']);
    for (const limit of [1, 2, 1000]) {
      const entries = await walk(catalog, { bucket, delimiter: '/', limit });
      assert.deepEqual(entries.slice(0, 3), ['p0/', 'p1/', 'p2/']);
      assert.equal(entries.length, 4);
    }
  });

  test('neither those that have ended nor those of other buckets; nothing when nothing is asked for', async (t) => {
    const { catalog, bucket, ids } = await withUploads(open(t), ['a', 'b', 'c']);
    const other = await catalog.createBucket({ name: 'other', owner: 'alice', region: 'us-east-1' });
    await begin(catalog, { bucket: other.id, key: 'a' });
    await catalog.uploads.abortUpload({ bucket, key: 'a', upload: ids[0] ?? 0 });
    const name = { bucket, key: 'b', upload: ids[1] ?? 0 };
    const { seq } = await send(catalog, name, 1, 'one');
    const list = { numbers: [1], seqs: [seq], partList: Buffer.of(), etag: 'e', checksumValue: null };
    await catalog.uploads.completeUpload({ ...name, ...list, condition: null });
    assert.deepEqual(await walk(catalog, { bucket }), [['c', ids[2]]]);
    const nothing = { bucket, prefix: '', delimiter: '', after: { key: '' }, limit: 0 };
    const { uploads, truncated } = await catalog.uploads.listUploads(nothing);
    assert.deepEqual([uploads, truncated], [[], false]);
  });
}
