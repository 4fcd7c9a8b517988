/** The catalog's contract: reserving, releasing and publishing blobs. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import type { OpenCatalog } from '../catalog-contract.testing.ts';
import type { Catalog, PublishRequest, Reservation } from '../catalog.ts';
import { deletions, publication, sha256, withCode } from '../requests.fixtures.ts';

const LENGTH = 1 << 20;

class Uploader {
  readonly catalog: Catalog;
  readonly bucket: number;
  readonly scope: number;

  constructor(catalog: Catalog, { id, scope }: { id: number; scope: number }) {
    this.catalog = catalog;
    this.bucket = id;
    this.scope = scope;
  }

  reserve(content: string): Promise<Reservation> {
    return this.catalog.reserveBlob({ scope: this.scope, sha256: sha256(content), length: LENGTH });
  }

  publish(key: string, { blob }: Reservation, fields: Partial<PublishRequest> = {}): Promise<unknown> {
    const content = { kind: 'blob', blob } as const;
    return this.catalog.publishVersion(
      publication({ bucket: this.bucket, key, size: LENGTH, etag: 'etag', content, ...fields }),
    );
  }

  async location(key: string): Promise<string | null | undefined> {
    const opened = await this.catalog.openVersion(this.bucket, key);
    const [extent] = (await opened?.extents(0, LENGTH)) ?? [];
    opened?.release();
    return extent?.location;
  }
}

async function uploader(opening: Promise<Catalog> | Catalog, name = 'photos'): Promise<Uploader> {
  const catalog = await opening;
  return new Uploader(catalog, await catalog.createBucket({ name, owner: 'alice', region: 'us-east-1' }));
}

export function blobTests(open: OpenCatalog): void {
  checkTests(open);

  test('a version is read from where its blob was reserved', async (t) => {
    const one = await uploader(open(t));
    const reservation = await one.reserve('content');
    assert.equal(reservation.stored, false);
    await one.publish('k', reservation);
    const opened = await one.catalog.openVersion(one.bucket, 'k');
    assert.ok(opened);
    const { location } = reservation;
    const place = { location, data: null, tier: '', codec: 0, frames: null, logical: LENGTH, checked: false };
    const whole = { start: 0, length: LENGTH, offset: 0, ...place };
    for (const [start, end] of [
      [0, LENGTH],
      [0, 1],
      [LENGTH - 1, LENGTH],
    ] as const) {
      const extents = await opened.extents(start, end);
      assert.deepEqual(
        extents.map((extent) => ({ ...extent })),
        [{ ...whole, blob: reservation.blob }],
      );
    }
    assert.deepEqual(await opened.extents(5, 5), []);
    opened.release();
  });

  test('content that is there is not stored twice: a second reservation says so', async (t) => {
    const one = await uploader(open(t));
    const first = await one.reserve('content');
    await one.publish('a', first);
    const second = await one.reserve('content');
    assert.deepEqual(second, { ...first, stored: true });
    await one.publish('b', second);
    await one.catalog.deleteVersions(one.bucket, deletions('a'));
    assert.equal(await one.location('b'), first.location);
  });

  test('two uploads of the same new content share a blob, and both put it there', async (t) => {
    const one = await uploader(open(t));
    const [first, second] = await Promise.all([one.reserve('content'), one.reserve('content')]);
    assert.deepEqual(second, first);
    assert.equal(first.stored, false);
    await one.publish('a', first);
    await one.publish('b', second);
    assert.equal(await one.location('a'), await one.location('b'));
  });

  test('other content and another scope have other blobs', async (t) => {
    const catalog = await open(t);
    const one = await uploader(catalog);
    const two = await uploader(catalog, 'other');
    const blobs = [await one.reserve('x'), await one.reserve('y'), await two.reserve('x')];
    assert.equal(new Set(blobs.map(({ blob }) => blob)).size, 3);
    assert.equal(new Set(blobs.map(({ location }) => location)).size, 3);
  });

  test('one of two reservations that is released leaves the other one good', async (t) => {
    const one = await uploader(open(t));
    const first = await one.reserve('content');
    const second = await one.reserve('content');
    await one.catalog.releaseBlob(first.blob);
    await one.publish('k', second);
    assert.equal(await one.location('k'), second.location);
  });

  test('released content can be reserved anew', async (t) => {
    const one = await uploader(open(t));
    const first = await one.reserve('content');
    await one.catalog.releaseBlob(first.blob);
    const again = await one.reserve('content');
    assert.equal(again.stored, false);
    await one.publish('k', again);
    assert.equal(await one.location('k'), again.location);
  });

  test('a publication that is refused refers to nothing, and the content is as good as before', async (t) => {
    const one = await uploader(open(t));
    await one.publish('k', await one.reserve('old'));
    const old = await one.location('k');
    const refused = await one.reserve('new');
    await assert.rejects(
      one.publish('k', refused, { condition: { ifAbsent: true } }),
      withCode('PreconditionFailed'),
    );
    await assert.rejects(
      one.publish('k', await one.reserve('new'), { bucket: one.bucket + 1000 }),
      withCode('NoSuchBucket'),
    );
    assert.equal(await one.location('k'), old);
    const again = await one.reserve('new');
    assert.equal(again.stored, false);
    await one.publish('k', again);
    assert.equal(await one.location('k'), again.location);
  });
}

/** Blobs of storage classes and codecs. */
export function placedBlobTests(open: OpenCatalog): void {
  test('a blob of a storage class and of a codec is read as it was reserved', async (t) => {
    const one = await uploader(open(t));
    const coded = { codec: 1, stored: 300, frames: Buffer.from([1, 2, 3]) };
    const reservation = await one.catalog.reserveBlob({
      scope: one.scope,
      sha256: sha256('content'),
      length: LENGTH,
      tier: 'GLACIER',
      coded,
    });
    await one.publish('k', reservation);
    const opened = await one.catalog.openVersion(one.bucket, 'k');
    const [extent] = (await opened?.extents(0, 1)) ?? [];
    opened?.release();
    assert.ok(extent?.frames);
    assert.ok(Buffer.from(extent.frames).equals(coded.frames));
    const { tier, codec, logical, location } = extent;
    assert.deepEqual([tier, codec, logical, location], ['GLACIER', 1, LENGTH, reservation.location]);
  });

  test('the same bytes in another storage class, or of another codec, are another blob', async (t) => {
    const one = await uploader(open(t));
    const request = { scope: one.scope, sha256: sha256('content'), length: LENGTH };
    const coded = { codec: 1, stored: LENGTH, frames: Buffer.from([1]) };
    const blobs = [
      await one.catalog.reserveBlob(request),
      await one.catalog.reserveBlob({ ...request, tier: 'GLACIER' }),
      await one.catalog.reserveBlob({ ...request, coded }),
      await one.catalog.reserveBlob({ ...request, tier: 'GLACIER', coded }),
    ];
    assert.equal(new Set(blobs.map(({ blob }) => blob)).size, 4);
    // Within a class each has a place of its own.
    assert.notEqual(blobs[0]?.location, blobs[2]?.location);
    assert.notEqual(blobs[1]?.location, blobs[3]?.location);
    for (const { location } of blobs)
      assert.equal(location.split('/').at(-1), Buffer.from(request.sha256).toString('hex'));
    const again = await one.catalog.reserveBlob({ ...request, coded });
    assert.equal(again.blob, blobs[2]?.blob);
  });
}

function checkTests(open: OpenCatalog): void {
  test('the checks of a blob are had by the block, and go with it', async (t) => {
    const one = await uploader(open(t));
    const checks = randomBytes(4 * 1000);
    const { scope } = one;
    const reservation = await one.catalog.reserveBlob({ scope, sha256: sha256('c'), length: LENGTH, checks });
    await one.publish('k', reservation);
    const opened = await one.catalog.openVersion(one.bucket, 'k');
    const [extent] = (await opened?.extents(0, 1)) ?? [];
    opened?.release();
    assert.equal(extent?.checked, true);
    for (const [first, end] of [
      [0, 1000],
      [0, 1],
      [255, 257],
      [300, 301],
      [999, 1000],
    ] as const) {
      const some = await one.catalog.blobChecks(reservation.blob, { first, end });
      assert.ok(some.first <= first && some.sums.byteLength <= 4 * (end - some.first + 256));
      const from = 4 * (first - some.first);
      assert.ok(
        checks.subarray(4 * first, 4 * end).equals(some.sums.subarray(from, from + 4 * (end - first))),
      );
    }
    const beyond = { first: 999, end: 1001 };
    await assert.rejects(one.catalog.blobChecks(reservation.blob, beyond), { name: 'DamagedBlob' });
  });
}
