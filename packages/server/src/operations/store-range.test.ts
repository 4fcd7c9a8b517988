/** Bytes that are stored anew, over a real catalog and real files, while the reaper deletes the same content. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { BlobTiers } from '../blobs/blob-tiers.ts';
import { prepareDirectories } from '../blobs/files/file-blob-store.ts';
import { openHasher } from '../blobs/ingest/hasher.testing.ts';
import { SlabPool } from '../blobs/ingest/slab-pool.ts';
import type { Bucket, OpenVersion } from '../catalog/catalog.ts';
import { deletions, publication } from '../catalog/requests.fixtures.ts';
import { openSqliteStore } from '../catalog/sqlite/sqlite-store.testing.ts';
import type { SqliteStore } from '../catalog/sqlite/sqlite-store.testing.ts';
import { storeRange } from './store-range.ts';
import type { StoredRange, Target } from './store-range.ts';

const PLAIN = { tier: '', codec: 0 } as const;

interface Fixture extends SqliteStore {
  readonly source: Bucket;
  readonly target: Bucket;
  /** Publishes bytes, and opens them. */
  readonly put: (bucket: Bucket, key: string, bytes: Buffer) => Promise<OpenVersion>;
  readonly store: (
    open: OpenVersion,
    range: { start: number; end: number },
    target?: Partial<Target>,
  ) => Promise<StoredRange>;
}

async function setUp(t: TestContext): Promise<Fixture> {
  const sqlite = openSqliteStore(t);
  const { catalog } = sqlite;
  const dataDir = dirname(sqlite.path);
  await prepareDirectories(dataDir);
  const blobs = new BlobTiers({
    dataDir,
    storageClasses: {},
    blobs: null,
    checksOf: (blob, blocks) => catalog.blobChecks(blob, blocks),
  });
  const hasher = openHasher(t);
  const failStop = (cause: unknown): never => {
    throw cause;
  };
  const services = { catalog, blobs, slabs: new SlabPool({ extra: 2, perUser: 2 }), hasher, failStop };
  const bucket = (name: string): Promise<Bucket> =>
    catalog.createBucket({ name, owner: 'alice', region: 'us-east-1' });
  const [source, target] = await Promise.all([bucket('source'), bucket('target')]);
  const store: Fixture['store'] = (open, range, fields = {}) =>
    storeRange(services, open, range, {
      scope: target.scope,
      placement: PLAIN,
      algorithm: undefined,
      ...fields,
    });
  const put: Fixture['put'] = async ({ id, scope }, key, bytes) => {
    // Kept in the catalog first, whatever its size, and then stored as a file.
    const sha256 = createHash('sha256').update(bytes).digest();
    const inline = { kind: 'inline', data: bytes, sha256 } as const;
    await catalog.publishVersion(publication({ bucket: id, key, size: bytes.length, content: inline }));
    const held = await catalog.openVersion(id, key);
    assert.ok(held);
    const { content } = await store(held, { start: 0, end: bytes.length }, { scope });
    await catalog.publishVersion(publication({ bucket: id, key, size: bytes.length, content }));
    const open = await catalog.openVersion(id, key);
    assert.ok(open);
    return open;
  };
  return { ...sqlite, source, target, put, store };
}

suite('a range that is stored anew', () => {
  test('has its bytes, its MD5 and the checksum that is wanted, in the catalog or as a file', async (t) => {
    const { source, target, put, store, catalog } = await setUp(t);
    const bytes = randomBytes(300_000);
    const open = await put(source, 'k', bytes);
    for (const [start, end] of [
      [0, 300_000],
      [17, 200_017],
      [5, 10_005],
      [7, 7],
    ] as const) {
      const { content, etag, checksumValue } = await store(open, { start, end }, { algorithm: 'SHA256' });
      const expected = bytes.subarray(start, end);
      assert.equal(etag, createHash('md5').update(expected).digest('hex'));
      assert.equal(checksumValue, createHash('sha256').update(expected).digest('base64'));
      assert.equal(content.kind, end - start > 65_536 ? 'blob' : start === end ? 'empty' : 'inline');
      if (content.kind === 'inline') assert.ok(expected.equals(content.data));
      await catalog.publishVersion(
        publication({ bucket: target.id, key: `${start}`, size: end - start, content }),
      );
    }
    open.release();
  });

  test('is not in the way of the deletion of the same content, for which it waits', async (t) => {
    const { source, target, put, store, catalog, reaper } = await setUp(t);
    const bytes = randomBytes(300_000);
    (await put(target, 'same', bytes)).release();
    const open = await put(source, 'k', bytes);
    await catalog.deleteVersions(target.id, deletions('same'));
    // Marks the blob: a reservation of the same content waits from now on.
    await reaper.step();
    const patience = AbortSignal.timeout(10_000);
    const done = new AbortController();
    const storing = store(open, { start: 0, end: bytes.length }).finally(() => done.abort());
    while (!done.signal.aborted) {
      assert.ok(!patience.aborted, 'it waits for itself');
      await reaper.step();
      await delay(1);
    }
    assert.equal((await storing).content.kind, 'blob');
  });
});
