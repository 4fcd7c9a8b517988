/** The catalog's contract: appending, whose bytes are told apart from those that other objects share. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { checksumOf, compositeChecksum, loadChecksums } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Appended, AppendRequest, Catalog, Version } from '../catalog.ts';
import { extentsOf } from '../extents.ts';
import { copyOf, deletions, inline, publication, withCode } from '../requests.fixtures.ts';
import { begin, complete, readAll, send } from '../upload-requests.fixtures.ts';

interface Bucket {
  readonly catalog: Catalog;
  readonly bucket: number;
}

async function withBucket(opening: Promise<Catalog> | Catalog): Promise<Bucket> {
  const catalog = await opening;
  const { id } = await catalog.createBucket({ name: 'logs', owner: 'alice', region: 'us-east-1' });
  return { catalog, bucket: id };
}

/** Appends where the object ends, unless it is told otherwise. */
async function append(
  { catalog, bucket }: Bucket,
  key: string,
  text: string,
  fields: Partial<AppendRequest> = {},
): Promise<Appended> {
  const bytes = inline(text);
  const content = text === '' ? ({ kind: 'empty' } as const) : bytes.content;
  const offset = (await catalog.findVersion(bucket, key))?.size ?? 0;
  return catalog.appendVersion({ ...publication({ bucket, key, ...bytes, content }), offset, ...fields });
}

async function find({ catalog, bucket }: Bucket, key: string): Promise<Version> {
  const version = await catalog.findVersion(bucket, key);
  assert.ok(version);
  return version;
}

async function copy(at: Bucket, from: string, key: string): Promise<void> {
  const { catalog, bucket } = at;
  await catalog.copyVersion(copyOf({ bucket, version: await find(at, from) }, { bucket, key }));
}

/** A multipart object of these parts. */
async function multipart({ catalog, bucket }: Bucket, key: string, ...parts: string[]): Promise<void> {
  const name = await begin(catalog, { bucket, key });
  for (const [index, part] of parts.entries()) await send(catalog, name, index + 1, part);
  await complete(catalog, name);
}

async function read({ catalog, bucket }: Bucket, ...keys: string[]): Promise<(string | undefined)[]> {
  return Promise.all(keys.map((key) => readAll(catalog, bucket, key)));
}

/** Sizes of a version's parts, in order. */
async function partSizes(at: Bucket, key: string): Promise<number[]> {
  const { manifest, parts } = await find(at, key);
  if (parts === 0) return [];
  const listed = await at.catalog.uploads.listParts({ manifest: manifest ?? 0, after: 0, limit: parts });
  assert.deepEqual(
    listed.parts.map(({ number }) => number),
    Array.from({ length: parts }, (_, i) => i + 1),
  );
  return listed.parts.map(({ size }) => size);
}

export function appendTests(open: OpenCatalog): void {
  suite('growing', () => growthTests(open));
  suite('what shares its bytes with others', () => sharingTests(open));
  suite('checksums', () => checksumTests(open));
  suite('refused', () => refusalTests(open));
}

function growthTests(open: OpenCatalog): void {
  test('offset 0 makes an object as a publication does', async (t) => {
    const at = await withBucket(open(t));
    const made = await append(at, 'k', 'one', { attributes: '{"a":1}', tags: '[["a","b"]]', owner: 'bob' });
    const found = await find(at, 'k');
    const { etag } = inline('one');
    assert.deepEqual(
      [found.seq, found.etag, found.size, found.parts, found.attributes, found.tags, found.owner],
      [made.seq, etag, 3, 0, '{"a":1}', '[["a","b"]]', 'bob'],
    );
    assert.deepEqual([made.size, made.etag, made.version], [3, etag, null]);
  });

  test('each append adds a part, and the bytes, the size, the time and an ETag with a dash follow', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'k', 'one ', { attributes: '{"a":1}', tags: '[["a","b"]]' });
    const etags = new Set<string>();
    let before = await find(at, 'k');
    for (const [index, text] of ['two ', 'three ', 'four'].entries()) {
      const made = await append(at, 'k', text, { attributes: '{"b":2}', tags: null, owner: 'bob' });
      const now = await find(at, 'k');
      assert.deepEqual([now.seq, now.size, now.etag], [made.seq, made.size, made.etag]);
      assert.equal(now.size, before.size + text.length);
      assert.ok(now.seq > before.seq && now.modifiedMs >= before.modifiedMs);
      assert.match(now.etag, new RegExp(`^[0-9a-f]{32}-${index + 2}$`));
      assert.deepEqual([now.attributes, now.tags, now.owner], ['{"a":1}', '[["a","b"]]', 'alice']);
      etags.add(now.etag);
      before = now;
    }
    assert.equal(etags.size, 3);
    assert.deepEqual(await read(at, 'k'), ['one two three four']);
    assert.deepEqual(await partSizes(at, 'k'), [4, 4, 6, 4]);
  });

  test('empty objects grow, and empty appends are parts without bytes', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'k', '');
    assert.equal((await find(at, 'k')).parts, 0);
    for (const text of ['', 'x', '', 'y', '']) await append(at, 'k', text);
    assert.deepEqual(await partSizes(at, 'k'), [0, 0, 1, 0, 1, 0]);
    assert.deepEqual(await read(at, 'k'), ['xy']);
    assert.match((await find(at, 'k')).etag, /-6$/);
  });

  test('parts of a multipart upload count among those of the object', async (t) => {
    const at = await withBucket(open(t));
    await multipart(at, 'k', 'one ', 'two ');
    await append(at, 'k', 'three');
    assert.deepEqual(await partSizes(at, 'k'), [4, 4, 5]);
    assert.deepEqual(await read(at, 'k'), ['one two three']);
    assert.match((await find(at, 'k')).etag, /-3$/);
  });

  test('any range is read across any number of appends', async (t) => {
    const at = await withBucket(open(t));
    let whole = '';
    for (let i = 0; i < 300; i++) {
      const text = `${i};`.repeat(i % 3);
      whole += text;
      await append(at, 'k', text);
    }
    for (let start = 0; start < whole.length; start += 97) {
      for (const end of [start, start + 1, start + 50, whole.length]) {
        const bytes = await readAll(at.catalog, at.bucket, 'k', [start, end]);
        assert.equal(bytes, whole.slice(start, end), `${start} to ${end}`);
      }
    }
  });

  test('one that is open is read as it was, whatever is appended', async (t) => {
    const at = await withBucket(open(t));
    for (let i = 0; i < 40; i++) await append(at, 'k', 'x');
    const opened = await at.catalog.openVersion(at.bucket, 'k');
    assert.ok(opened);
    await append(at, 'k', 'y');
    await at.catalog.deleteVersions(at.bucket, deletions('k'));
    const { size } = opened.version;
    const extents = await Array.fromAsync(extentsOf(opened, 0, size));
    opened.release();
    assert.deepEqual([size, extents.length], [40, 40]);
  });
}

function sharingTests(open: OpenCatalog): void {
  test('a copy and its source go on their own ways, whichever is first', async (t) => {
    const at = await withBucket(open(t));
    for (const [first, second] of [
      ['source', 'copy'],
      ['copy', 'source'],
    ] as const) {
      await at.catalog.publishVersion(publication({ bucket: at.bucket, key: 'source', ...inline('base ') }));
      await copy(at, 'source', 'copy');
      await append(at, first, 'first');
      assert.deepEqual(await read(at, first, second), ['base first', 'base ']);
      await append(at, second, 'other');
      await append(at, first, ' again');
      assert.deepEqual(await read(at, first, second), ['base first again', 'base other']);
      assert.deepEqual(await partSizes(at, first), [5, 5, 6]);
      assert.deepEqual(await partSizes(at, second), [5, 5]);
    }
  });

  test('the copy of a multipart object is one part', async (t) => {
    const at = await withBucket(open(t));
    await multipart(at, 'source', 'one ', 'two ');
    await copy(at, 'source', 'copy');
    await append(at, 'copy', 'copied');
    await append(at, 'source', 'three');
    assert.deepEqual(await read(at, 'source', 'copy'), ['one two three', 'one two copied']);
    assert.deepEqual(await partSizes(at, 'copy'), [8, 6]);
    assert.deepEqual(await partSizes(at, 'source'), [4, 4, 5]);
  });

  test('nor does an empty append mix up the parts of those that share bytes', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'source', 'base');
    await copy(at, 'source', 'early');
    await append(at, 'source', '');
    await copy(at, 'source', 'late');
    for (const key of ['early', 'late', 'source']) await append(at, key, key);
    assert.deepEqual(await read(at, 'source', 'early', 'late'), ['basesource', 'baseearly', 'baselate']);
    assert.deepEqual(await partSizes(at, 'source'), [4, 0, 6]);
    assert.deepEqual(await partSizes(at, 'early'), [4, 5]);
    assert.deepEqual(await partSizes(at, 'late'), [4, 4]);
  });

  test('the one that is deleted leaves the others theirs', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'source', 'base ');
    await append(at, 'source', 'more ');
    await copy(at, 'source', 'copy');
    await append(at, 'source', 'and more');
    await at.catalog.deleteVersions(at.bucket, deletions('source'));
    await append(at, 'copy', 'end');
    assert.deepEqual(await read(at, 'source', 'copy'), [undefined, 'base more end']);
  });
}

const checksum = (algorithm: ChecksumAlgorithm, text: string): string =>
  checksumOf(algorithm, Buffer.from(text)).toString('base64');

function checksumTests(open: OpenCatalog): void {
  /** Appends with the checksum of the text; returns that of the object. */
  const sum = async (
    at: Bucket,
    text: string,
    algorithm: ChecksumAlgorithm | null,
    key = 'k',
  ): Promise<string | null> => {
    const checksumValue = algorithm === null ? null : checksum(algorithm, text);
    const made = await append(at, key, text, { checksumAlgorithm: algorithm, checksumValue });
    const { checksumAlgorithm, checksumValue: value } = await find(at, key);
    assert.deepEqual([made.checksumAlgorithm, made.checksumValue], [checksumAlgorithm, value]);
    assert.equal(checksumAlgorithm, value === null ? null : algorithm);
    return value;
  };

  test('CRCs are those of the whole', async (t) => {
    await loadChecksums();
    const at = await withBucket(open(t));
    for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
      let whole = '';
      for (const text of ['one', '', 'two and more', 'x'.repeat(1000)]) {
        whole += text;
        assert.equal(await sum(at, text, algorithm, algorithm), checksum(algorithm, whole));
      }
    }
  });

  test('SHA-1 and SHA-256 are those of the parts', async (t) => {
    const at = await withBucket(open(t));
    for (const algorithm of ['SHA1', 'SHA256'] as const) {
      const values: string[] = [];
      for (const text of ['one', '', 'two and more']) {
        values.push(checksum(algorithm, text));
        const expected = values.length === 1 ? values[0] : compositeChecksum(algorithm, values);
        assert.equal(await sum(at, text, algorithm, algorithm), expected);
      }
    }
  });

  test('one that comes without, or with another algorithm, leaves the object none for good', async (t) => {
    const at = await withBucket(open(t));
    for (const [first, second] of [
      ['CRC32', null],
      ['CRC32', 'SHA1'],
      ['SHA256', 'SHA1'],
      ['SHA1', null],
      [null, 'CRC32'],
    ] as const) {
      const key = `${first} ${second}`;
      await sum(at, 'one', first, key);
      assert.equal(await sum(at, 'two', second, key), null, key);
      assert.equal(await sum(at, 'three', first ?? 'SHA1', key), null, key);
    }
  });

  test('that of the parts of a multipart object goes on, and is not that of a copy, which has none of them', async (t) => {
    const at = await withBucket(open(t));
    const { catalog, bucket } = at;
    const values = ['one', 'two'].map((text) => checksum('CRC32', text));
    const name = await begin(catalog, {
      bucket,
      key: 'k',
      checksumAlgorithm: 'CRC32',
      checksumType: 'COMPOSITE',
    });
    for (const [i, text] of ['one', 'two'].entries())
      await send(catalog, name, i + 1, text, { checksumValue: values[i] as string });
    await complete(catalog, name, undefined, { checksumValue: compositeChecksum('CRC32', values) });
    await copy(at, 'k', 'copy');
    const expected = compositeChecksum('CRC32', [...values, checksum('CRC32', 'three')]);
    assert.equal(await sum(at, 'three', 'CRC32'), expected);
    assert.equal(await sum(at, 'three', 'CRC32', 'copy'), null);
  });
}

function refusalTests(open: OpenCatalog): void {
  test('an offset that is not the size, and nothing is changed', async (t) => {
    const at = await withBucket(open(t));
    await assert.rejects(append(at, 'k', 'x', { offset: 1 }), withCode('InvalidWriteOffset'));
    assert.equal(await at.catalog.findVersion(at.bucket, 'k'), undefined);
    await append(at, 'k', 'one');
    await append(at, 'k', 'two');
    const before = await find(at, 'k');
    for (const offset of [0, 3, 5, 7])
      await assert.rejects(append(at, 'k', 'x', { offset }), withCode('InvalidWriteOffset'));
    assert.deepEqual(await find(at, 'k'), before);
    assert.deepEqual(await partSizes(at, 'k'), [3, 3]);
  });

  test('of many with the same offset all but one', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'k', 'base ');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) => append(at, 'k', String(i), { offset: 5 })),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(withCode('InvalidWriteOffset')(outcome.reason));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.deepEqual(await read(at, 'k'), [`base ${winner}`]);
  });

  test('a condition that does not hold', async (t) => {
    const at = await withBucket(open(t));
    await assert.rejects(append(at, 'k', 'x', { condition: { ifMatch: '*' } }), withCode('NoSuchKey'));
    await append(at, 'k', 'one', { condition: { ifAbsent: true } });
    await assert.rejects(
      append(at, 'k', '', { condition: { ifAbsent: true } }),
      withCode('PreconditionFailed'),
    );
    const { etag } = await append(at, 'k', 'two', { condition: { ifMatch: inline('one').etag } });
    await assert.rejects(
      append(at, 'k', 'x', { condition: { ifMatch: inline('one').etag } }),
      withCode('PreconditionFailed'),
    );
    await append(at, 'k', 'three', { condition: { ifMatch: etag } });
    assert.deepEqual(await read(at, 'k'), ['onetwothree']);
  });

  test('a bucket that has versions, or had them, or is not there', async (t) => {
    const at = await withBucket(open(t));
    await append(at, 'k', 'one');
    for (const versioning of ['enabled', 'suspended'] as const) {
      await at.catalog.setVersioning(at.bucket, versioning);
      await assert.rejects(append(at, 'k', 'x'), withCode('VersionedBucket'));
      await assert.rejects(append(at, 'new', 'x'), withCode('VersionedBucket'));
    }
    await assert.rejects(append(at, 'k', 'x', { bucket: at.bucket + 1000 }), withCode('NoSuchBucket'));
    assert.deepEqual(await read(at, 'k'), ['one']);
  });
}
