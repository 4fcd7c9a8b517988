/** The catalog's contract: multipart uploads, from their beginning to the version that they become. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog } from '../catalog.ts';
import { deletions, inline, publication, sha256, withCode } from '../requests.fixtures.ts';
import { begin, complete, copyRange, readAll, send } from '../upload-requests.fixtures.ts';

interface WithBucket {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly scope: number;
}

async function withBucket(opening: Promise<Catalog> | Catalog): Promise<WithBucket> {
  const catalog = await opening;
  const { id, scope } = await catalog.createBucket({ name: 'films', owner: 'alice', region: 'us-east-1' });
  return { catalog, bucket: id, scope };
}

export function uploadTests(open: OpenCatalog): void {
  suite('beginning and ending', () => lifeTests(open));
  suite('parts', () => partTests(open));
  suite('parts that are copied', () => copyTests(open));
  suite('completing', () => completionTests(open));
  suite('completing what is refused', () => refusalTests(open));
}

function lifeTests(open: OpenCatalog): void {
  test('an upload is found by its bucket, key and id, with what it was begun with', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k', tags: '[["a","b"]]', checksumAlgorithm: 'CRC32' });
    const found = await catalog.uploads.findUpload(name);
    assert.equal(found?.state, 'open');
    assert.deepEqual(
      [found.id, found.key, found.owner, found.initiator, found.tags, found.checksumAlgorithm, found.live],
      [name.upload, 'k', 'alice', 'bob', '[["a","b"]]', 'CRC32', false],
    );
    assert.equal(await catalog.uploads.findUpload({ ...name, key: 'other' }), undefined);
    assert.equal(await catalog.uploads.findUpload({ ...name, bucket: bucket + 1 }), undefined);
    assert.equal(await catalog.uploads.findUpload({ ...name, upload: name.upload + 1 }), undefined);
    assert.equal(await catalog.findVersion(bucket, 'k'), undefined, 'nothing is seen of it');
  });

  test('ids ascend, and no bucket means no upload', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const first = await begin(catalog, { bucket, key: 'k' });
    const second = await begin(catalog, { bucket, key: 'a' });
    assert.ok(second.upload > first.upload);
    await assert.rejects(begin(catalog, { bucket: bucket + 1000, key: 'k' }), withCode('NoSuchBucket'));
  });

  test('an aborted one takes nothing any more, and is still known', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    await catalog.uploads.abortUpload(name);
    assert.equal((await catalog.uploads.findUpload(name))?.state, 'aborted');
    await assert.rejects(send(catalog, name, 2, 'two'), withCode('NoSuchUpload'));
    await assert.rejects(complete(catalog, name, []), withCode('NoSuchUpload'));
    await assert.rejects(catalog.uploads.abortUpload(name), withCode('NoSuchUpload'));
    assert.equal(await catalog.findVersion(bucket, 'k'), undefined);
  });

  test('a complete one takes nothing any more, and says what it became', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    const { seq } = await complete(catalog, name);
    const found = await catalog.uploads.findUpload(name);
    assert.deepEqual(
      [found?.state, found?.versionSeq, found?.etag, Buffer.from(found?.partList ?? []).toString()],
      ['complete', seq, 'joined', 'list'],
    );
    await assert.rejects(send(catalog, name, 2, 'two'), withCode('NoSuchUpload'));
    await assert.rejects(complete(catalog, name), withCode('NoSuchUpload'));
    await assert.rejects(catalog.uploads.abortUpload(name), withCode('NoSuchUpload'));
    assert.equal(await readAll(catalog, bucket, 'k'), 'one');
  });

  test('of completing and aborting at once exactly one wins', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    for (let round = 0; round < 20; round++) {
      const name = await begin(catalog, { bucket, key: `k${round}` });
      await send(catalog, name, 1, 'one');
      const racing = [complete(catalog, name), catalog.uploads.abortUpload(name)];
      if (round % 2 === 1) racing.push(complete(catalog, name));
      const outcomes = await Promise.allSettled(racing);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      const state = (await catalog.uploads.findUpload(name))?.state;
      const expected = state === 'complete' ? 'one' : undefined;
      assert.equal(await readAll(catalog, bucket, name.key), expected);
    }
  });

  test('a bucket with unfinished uploads is deleted, and they take nothing any more', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await catalog.deleteBucket(bucket);
    await assert.rejects(send(catalog, name, 1, 'one'), withCode('NoSuchBucket'));
    await assert.rejects(complete(catalog, name, []), withCode('NoSuchBucket'));
  });
}

function partTests(open: OpenCatalog): void {
  test('are listed by number, in pages, with what they were sent with', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    const order = [3, 1, 10_000, 2];
    for (const number of order)
      await send(catalog, name, number, `p${number}`, { checksumValue: `c${number}` });
    const page = (after: number, limit: number): ReturnType<Catalog['uploads']['listParts']> =>
      catalog.uploads.listParts({ manifest: name.upload, after, limit });
    const all = await page(0, 1000);
    assert.equal(all.truncated, false);
    assert.deepEqual(
      all.parts.map(({ number, size, checksumValue }) => [number, size, checksumValue]),
      [
        [1, 2, 'c1'],
        [2, 2, 'c2'],
        [3, 2, 'c3'],
        [10_000, 6, 'c10000'],
      ],
    );
    assert.equal(all.parts[0]?.etag, inline('p1').etag);
    const second = await page(1, 2);
    assert.deepEqual([second.parts.map(({ number }) => number), second.truncated], [[2, 3], true]);
    assert.deepEqual(await page(3, 1), { parts: all.parts.slice(3), truncated: false });
    assert.deepEqual(await page(10_000, 5), { parts: [], truncated: false });
    assert.deepEqual(await page(0, 0), { parts: [], truncated: false });
  });

  test('one that is sent again takes the place of the one before', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    const first = await send(catalog, name, 1, 'first');
    await send(catalog, name, 2, 'tail');
    const second = await send(catalog, name, 1, 'second');
    assert.ok(second.seq > first.seq);
    const { parts } = await catalog.uploads.listParts({ manifest: name.upload, after: 0, limit: 10 });
    assert.deepEqual(
      parts.map(({ seq, size }) => [seq, size]),
      [
        [second.seq, 6],
        [second.seq - 1, 4],
      ],
    );
    await complete(catalog, name);
    assert.equal(await readAll(catalog, bucket, 'k'), 'secondtail');
  });

  test('every one makes the upload active again', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    const { modifiedMs } = await send(catalog, name, 1, 'one');
    assert.equal((await catalog.uploads.findUpload(name))?.activeMs, modifiedMs);
  });

  test('a reserved blob is used up by a part, and by one that is refused', async (t) => {
    const { catalog, bucket, scope } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    const reserve = (content: string): ReturnType<Catalog['reserveBlob']> =>
      catalog.reserveBlob({ scope, sha256: sha256(content), length: 1 << 20 });
    const { blob, location } = await reserve('a');
    await send(catalog, name, 1, '', { content: { kind: 'blob', blob }, size: 1 << 20 });
    assert.deepEqual(await reserve('a'), { blob, location, stored: true });
    const refused = await reserve('b');
    await catalog.uploads.abortUpload(name);
    const content = { kind: 'blob', blob: refused.blob } as const;
    await assert.rejects(send(catalog, name, 2, '', { content, size: 1 << 20 }), withCode('NoSuchUpload'));
    assert.equal((await reserve('b')).stored, false);
  });
}

function copyTests(open: OpenCatalog): void {
  /** An object of three runs: `abc`, `defg`, `hi`. */
  async function withSource(opening: Promise<Catalog> | Catalog): Promise<WithBucket> {
    const made = await withBucket(opening);
    const name = await begin(made.catalog, { bucket: made.bucket, key: 'source' });
    for (const [index, text] of ['abc', 'defg', 'hi'].entries())
      await send(made.catalog, name, index + 1, text);
    await complete(made.catalog, name);
    return made;
  }

  test('every range of a source of several runs has its bytes', async (t) => {
    const { catalog, bucket } = await withSource(open(t));
    const text = 'abcdefghi';
    for (let start = 0; start < text.length; start++) {
      for (let end = start + 1; end <= text.length; end++) {
        const name = await begin(catalog, { bucket, key: 'copy' });
        await send(catalog, name, 1, '<');
        await copyRange(catalog, name, { number: 2, sourceBucket: bucket, sourceKey: 'source', start, end });
        await send(catalog, name, 3, '>');
        await complete(catalog, name);
        assert.equal(await readAll(catalog, bucket, 'copy'), `<${text.slice(start, end)}>`);
      }
    }
  });

  test('the bytes outlive the source, and the part that shared them', async (t) => {
    const { catalog, bucket } = await withSource(open(t));
    const name = await begin(catalog, { bucket, key: 'copy' });
    const range = { sourceBucket: bucket, sourceKey: 'source', start: 1, end: 8 };
    await copyRange(catalog, name, { ...range, number: 1 });
    await copyRange(catalog, name, { ...range, number: 2 });
    await catalog.deleteVersions(bucket, deletions('source'));
    await send(catalog, name, 1, 'new');
    await complete(catalog, name);
    assert.equal(await readAll(catalog, bucket, 'copy'), 'newbcdefgh');
    const again = await begin(catalog, { bucket, key: 'again' });
    await copyRange(catalog, again, { number: 5, sourceBucket: bucket, sourceKey: 'copy', start: 2, end: 5 });
    await complete(catalog, again);
    assert.equal(await readAll(catalog, bucket, 'again'), 'wbc');
  });

  test('the ETag is the one that is given, or says where the bytes are', async (t) => {
    const { catalog, bucket } = await withSource(open(t));
    const name = await begin(catalog, { bucket, key: 'copy' });
    const range = { number: 1, sourceBucket: bucket, sourceKey: 'source', start: 1, end: 8 };
    assert.equal((await copyRange(catalog, name, { ...range, etag: 'given' })).etag, 'given');
    const made = await copyRange(catalog, name, range);
    assert.match(made.etag, /^[0-9a-f]{32}$/);
    assert.equal((await copyRange(catalog, name, { ...range, number: 2 })).etag, made.etag);
    assert.notEqual((await copyRange(catalog, name, { ...range, end: 7 })).etag, made.etag);
    assert.notEqual((await copyRange(catalog, name, { ...range, start: 2, end: 9 })).etag, made.etag);
  });

  test('a source that was replaced since it was looked at is SourceChanged', async (t) => {
    const { catalog, bucket } = await withSource(open(t));
    const name = await begin(catalog, { bucket, key: 'copy' });
    const { seq = 0 } = (await catalog.findVersion(bucket, 'source')) ?? {};
    await catalog.publishVersion(publication({ bucket, key: 'source', ...inline('other') }));
    const range = { number: 1, sourceBucket: bucket, sourceKey: 'source', start: 0, end: 2 };
    await assert.rejects(copyRange(catalog, name, { ...range, sourceSeq: seq }), withCode('SourceChanged'));
    await catalog.uploads.abortUpload(name);
    await assert.rejects(copyRange(catalog, name, range), withCode('NoSuchUpload'));
  });

  test('no bytes of an empty object are a part, too', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    await catalog.publishVersion(publication({ bucket, key: 'empty' }));
    const name = await begin(catalog, { bucket, key: 'copy' });
    await copyRange(catalog, name, { number: 1, sourceBucket: bucket, sourceKey: 'empty', start: 0, end: 0 });
    await complete(catalog, name);
    assert.equal(await readAll(catalog, bucket, 'copy'), '');
  });
}

function completionTests(open: OpenCatalog): void {
  test('the version has the bytes of its parts, and what the upload was begun with', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const begun = { attributes: '{"a":1}', tags: '[["t","1"]]', owner: 'carol', storageClass: 'GLACIER' };
    const name = await begin(catalog, { bucket, key: 'k', ...begun, checksumAlgorithm: 'CRC32' });
    // More than are read together with a version.
    const texts = Array.from({ length: 40 }, (_, i) => `part ${i};`);
    for (const [index, text] of texts.entries()) await send(catalog, name, index + 1, text);
    const published = await complete(catalog, name, undefined, { checksumValue: 'AAAAAA==-40' });
    const version = await catalog.findVersion(bucket, 'k');
    const whole = texts.join('');
    assert.deepEqual(
      { ...version },
      {
        ...version,
        ...begun,
        seq: published.seq,
        etag: 'joined',
        size: whole.length,
        parts: 40,
        extents: 40,
        checksumAlgorithm: 'CRC32',
        checksumValue: 'AAAAAA==-40',
      },
    );
    assert.equal(await readAll(catalog, bucket, 'k'), whole);
    for (const range of [
      [0, 1],
      [6, 9],
      [100, 200],
      [whole.length - 1, whole.length],
    ] as const)
      assert.equal(await readAll(catalog, bucket, 'k', range), whole.slice(...range));
  });

  test('parts that are not listed are given up, the others numbered from 1 on', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    for (const number of [1, 2, 5, 700, 701, 10_000]) await send(catalog, name, number, `<${number}>`);
    await complete(catalog, name, [2, 700, 10_000]);
    assert.equal(await readAll(catalog, bucket, 'k'), '<2><700><10000>');
    const { manifest } = (await catalog.findVersion(bucket, 'k')) ?? {};
    assert.equal(manifest, name.upload);
    const { parts } = await catalog.uploads.listParts({ manifest: name.upload, after: 0, limit: 10 });
    assert.deepEqual(
      parts.map(({ number, size }) => [number, size]),
      [
        [1, 3],
        [2, 5],
        [3, 7],
      ],
    );
    const found = await catalog.uploads.findPart(name.upload, 3);
    assert.deepEqual([found?.start, found?.part.size], [8, 7]);
    assert.equal(await catalog.uploads.findPart(name.upload, 4), undefined);
  });

  test('an object of 5 GiB parts has its extents where they belong', async (t) => {
    const { catalog, bucket, scope } = await withBucket(open(t));
    const size = 5 * 1024 ** 3;
    const name = await begin(catalog, { bucket, key: 'k' });
    for (const number of [1, 2, 3, 4]) {
      const reserved = await catalog.reserveBlob({ scope, sha256: sha256(`${number}`), length: size });
      await send(catalog, name, number, '', { size, content: { kind: 'blob', blob: reserved.blob } });
    }
    await complete(catalog, name);
    const opened = await catalog.openVersion(bucket, 'k');
    const extents = await opened?.extents(0, 4 * size);
    opened?.release();
    assert.deepEqual(
      extents?.map(({ start, length }) => [start, length]),
      [0, 1, 2, 3].map((index) => [index * size, size]),
    );
    assert.equal(opened?.version.size, 4 * size);
  });

  test('a single part of no bytes is an empty object of one part', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, '');
    await complete(catalog, name);
    const version = await catalog.findVersion(bucket, 'k');
    assert.deepEqual([version?.size, version?.parts, version?.extents], [0, 1, 0]);
    assert.equal(await readAll(catalog, bucket, 'k'), '');
  });

  test('a copy of the object shares its bytes, is in one part, and outlives it', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    await send(catalog, name, 2, 'two');
    await complete(catalog, name);
    const version = await catalog.findVersion(bucket, 'k');
    assert.ok(version);
    await catalog.copyVersion({
      ...publication({ bucket, key: 'copy' }),
      sourceBucket: bucket,
      sourceKey: 'k',
      sourceSeq: version.seq,
    });
    await catalog.deleteVersions(bucket, deletions('k'));
    const copy = await catalog.findVersion(bucket, 'copy');
    assert.deepEqual([copy?.parts, copy?.manifest], [0, name.upload]);
    assert.equal(await readAll(catalog, bucket, 'copy'), 'onetwo');
  });
}

function refusalTests(open: OpenCatalog): void {
  test('a part that was replaced, or never came, is PartsChanged, and changes nothing', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    const { seq } = await send(catalog, name, 1, 'one');
    await send(catalog, name, 2, 'two');
    await send(catalog, name, 1, 'new');
    const lists = [
      { numbers: [1], seqs: [seq] },
      { numbers: [3], seqs: [seq] },
      { numbers: [1, 2, 3], seqs: [seq + 2, seq + 1, seq] },
    ];
    for (const list of lists)
      await assert.rejects(complete(catalog, name, undefined, list), withCode('PartsChanged'));
    await complete(catalog, name);
    assert.equal(await readAll(catalog, bucket, 'k'), 'newtwo');
  });

  test('a condition that does not hold leaves the upload open', async (t) => {
    const { catalog, bucket } = await withBucket(open(t));
    const name = await begin(catalog, { bucket, key: 'k' });
    await send(catalog, name, 1, 'one');
    const under = (condition: { ifAbsent: true } | { ifMatch: string }): Promise<unknown> =>
      complete(catalog, name, undefined, { condition });
    await assert.rejects(under({ ifMatch: '*' }), withCode('NoSuchKey'));
    await catalog.publishVersion(publication({ bucket, key: 'k', ...inline('there') }));
    await assert.rejects(under({ ifAbsent: true }), withCode('PreconditionFailed'));
    await assert.rejects(under({ ifMatch: 'other' }), withCode('PreconditionFailed'));
    await under({ ifMatch: inline('there').etag });
    assert.equal(await readAll(catalog, bucket, 'k'), 'one');
  });
}
