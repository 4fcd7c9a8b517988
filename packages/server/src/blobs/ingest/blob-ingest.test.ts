/** A body on its way into a blob: hashed right however it is cut, and nothing of it left when it fails. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { BlobStore, BlobWriter } from '../blob-store.ts';
import { FileBlobStore, prepareDirectories } from '../files/file-blob-store.ts';
import { BlobIngest } from './blob-ingest.ts';
import { openHasher } from './hasher.testing.ts';
import { SLAB_BYTES, SlabPool } from './slab-pool.ts';

const MIB = 1024 * 1024;
const EXTRA = 3;

interface Fixture {
  readonly root: string;
  readonly store: BlobStore;
  readonly pool: SlabPool;
  readonly start: (size: number, store?: BlobStore) => Promise<BlobIngest>;
  /** Holds that no temporary file is left and that all slabs have come back. */
  readonly assertClean: () => void;
}

async function setUp(t: TestContext): Promise<Fixture> {
  const root = mkdtempSync(join(tmpdir(), 'cistern-ingest-'));
  const hasher = openHasher(t);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  await prepareDirectories(root);
  const files = new FileBlobStore(root);
  const pool = new SlabPool({ extra: EXTRA, perUser: EXTRA + 1 });
  return {
    root,
    store: files,
    pool,
    start: (size, store = files) => BlobIngest.start({ store, pool, hasher, size }),
    assertClean: () => {
      assert.deepEqual(readdirSync(join(root, 'tmp')), []);
      assert.equal(slabsLeft(pool), EXTRA + 1);
    },
  };
}

function slabsLeft(pool: SlabPool): number {
  const share = pool.share();
  const taken = [];
  for (let slab = share.take(); slab !== undefined; slab = share.take()) taken.push(slab);
  for (const slab of taken) share.give(slab);
  return taken.length;
}

/** The same store with its writers' methods replaced in part. */
function bent(store: BlobStore, bend: (writer: BlobWriter) => Partial<BlobWriter>): BlobStore {
  return {
    open: (location, length) => store.open(location, length),
    delete: (location) => store.delete(location),
    create: async (size) => {
      const writer = await store.create(size);
      return {
        write: (bytes, position) => writer.write(bytes, position),
        sync: () => writer.sync(),
        place: (location) => writer.place(location),
        discard: () => writer.discard(),
        ...bend(writer),
      };
    },
  };
}

/** A store whose writes begin only when they are let go. */
function gated(store: BlobStore): { store: BlobStore; begun: () => number; open: () => void } {
  let begun = 0;
  const gate = Promise.withResolvers<void>();
  const slow = bent(store, (writer) => ({
    write: async (bytes, position) => {
      begun++;
      await gate.promise;
      await writer.write(bytes, position);
    },
  }));
  return { store: slow, begun: () => begun, open: gate.resolve };
}

/** In slices of `length`, each in memory that is used again at once. */
async function writeSlices(ingest: BlobIngest, bytes: Buffer, length: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += length) {
    const slice = Buffer.from(bytes.subarray(at, at + length));
    const wait = ingest.write(slice);
    if (wait !== undefined) await wait;
    slice.fill(0xaa);
  }
}

const digest = (algorithm: string, bytes: Buffer): string =>
  createHash(algorithm).update(bytes).digest('hex');

suite('a body', () => {
  const sizes = [0, 1, 65_537, SLAB_BYTES - 1, SLAB_BYTES, SLAB_BYTES + 1, MIB - 1, MIB, 4 * MIB + 77];
  for (const size of sizes) {
    test(`of ${size} bytes is staged whole, with its digests, in slices of any length`, async (t) => {
      const { root, start, assertClean } = await setUp(t);
      const bytes = randomBytes(size);
      const slices = [1000, 65_536, SLAB_BYTES - 1, SLAB_BYTES, SLAB_BYTES + 1, 5 * MIB];
      if (size < 100_000) slices.push(1, 3);
      for (const length of slices) {
        const ingest = await start(size);
        await writeSlices(ingest, bytes, length);
        const staged = await ingest.finish();
        assert.equal(staged.length, size);
        assert.equal(staged.sha256.toString('hex'), digest('sha256', bytes));
        assert.equal(staged.md5.toString('hex'), digest('md5', bytes));
        await staged.synced;
        await staged.place('1/blob');
        assert.ok(readFileSync(join(root, 'blobs/1/blob')).equals(bytes), `slices of ${length}`);
        await staged.discard();
      }
      assertClean();
    });
  }

  test('is told as long as it was, not as was announced', async (t) => {
    const { start, assertClean } = await setUp(t);
    const ingest = await start(10);
    await writeSlices(ingest, randomBytes(300_000), 100_000);
    const staged = await ingest.finish();
    assert.equal(staged.length, 300_000);
    await staged.discard();
    assertClean();
  });

  test('that comes beside others through little memory is not mixed with them', async (t) => {
    const { root, start, assertClean } = await setUp(t);
    const bodies = Array.from({ length: 6 }, (_, i) => randomBytes(3 * MIB + i * 50_001));
    await Promise.all(
      bodies.map(async (bytes, i) => {
        const ingest = await start(bytes.length);
        await writeSlices(ingest, bytes, 60_000 + i);
        const staged = await ingest.finish();
        assert.equal(staged.md5.toString('hex'), digest('md5', bytes));
        await staged.place(`1/${i}`);
      }),
    );
    for (const [i, bytes] of bodies.entries())
      assert.ok(readFileSync(join(root, `blobs/1/${i}`)).equals(bytes));
    assertClean();
  });

  test('waits when its memory is full of what the store has not taken, and goes on after that', async (t) => {
    const { store, start, assertClean } = await setUp(t);
    const slow = gated(store);
    const bytes = randomBytes(12 * SLAB_BYTES);
    const ingest = await start(bytes.length, slow.store);
    for (let i = 0; i <= EXTRA; i++) {
      assert.equal(ingest.write(bytes.subarray(i * SLAB_BYTES, (i + 1) * SLAB_BYTES)), undefined);
    }
    const waiting = ingest.write(bytes.subarray((EXTRA + 1) * SLAB_BYTES));
    assert.ok(waiting);
    assert.equal(slow.begun(), EXTRA + 1);
    slow.open();
    await waiting;
    const staged = await ingest.finish();
    assert.equal(staged.sha256.toString('hex'), digest('sha256', bytes));
    await staged.discard();
    assertClean();
  });
});

suite('a store that fails', () => {
  for (const failing of [0, 1, 5]) {
    test(`at write ${failing} is the reason of the rejection, and leaves nothing`, async (t) => {
      const { store, start, assertClean } = await setUp(t);
      const broken = new Error('no more');
      let writes = 0;
      const failingStore = bent(store, (writer) => ({
        write: (bytes, position) =>
          writes++ === failing ? Promise.reject(broken) : writer.write(bytes, position),
      }));
      const bytes = randomBytes(12 * SLAB_BYTES + 5);
      const ingest = await start(bytes.length, failingStore);
      await assert.rejects(writeSlices(ingest, bytes, 100_000), broken);
      await assert.rejects(async () => ingest.write(Buffer.from('more')), broken);
      await assert.rejects(ingest.finish(), broken);
      await ingest.discard();
      assertClean();
    });
  }

  test('at the last write is found by finish', async (t) => {
    const { store, start, assertClean } = await setUp(t);
    const broken = new Error('no more');
    const ingest = await start(
      70_000,
      bent(store, () => ({ write: () => Promise.reject(broken) })),
    );
    await writeSlices(ingest, randomBytes(70_000), 7000);
    await assert.rejects(ingest.finish(), broken);
    await ingest.discard();
    assertClean();
  });

  test('at the sync tells so where it is waited for, and nowhere else', async (t) => {
    const { store, start, assertClean } = await setUp(t);
    const broken = new Error('no sync');
    const ingest = await start(
      70_000,
      bent(store, () => ({ sync: () => Promise.reject(broken) })),
    );
    await writeSlices(ingest, randomBytes(70_000), 7000);
    const staged = await ingest.finish();
    // An unhandled rejection would end the process meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(staged.synced, broken);
    await staged.discard();
    assertClean();
  });
});

suite('a body that is given up', () => {
  for (const received of [0, 1, SLAB_BYTES, 2 * SLAB_BYTES + 3]) {
    for (const size of [MIB - 1, 5 * MIB]) {
      test(`after ${received} of ${size} bytes leaves nothing`, async (t) => {
        const { start, assertClean } = await setUp(t);
        const ingest = await start(size);
        await writeSlices(ingest, randomBytes(received), 100_000);
        await ingest.discard();
        assertClean();
      });
    }
  }

  test('while it waits for memory leaves nothing, and its waiting ends', async (t) => {
    const { store, start, assertClean } = await setUp(t);
    const slow = gated(store);
    const ingest = await start(5 * MIB, slow.store);
    const bytes = randomBytes((EXTRA + 1) * SLAB_BYTES);
    await writeSlices(ingest, bytes, SLAB_BYTES);
    const waiting = ingest.write(bytes.subarray(0, 200_000));
    assert.ok(waiting);
    const ended = assert.rejects(waiting, /given up/);
    const discarded = ingest.discard();
    slow.open();
    await discarded;
    await ended;
    assertClean();
  });

  test('takes nothing more of a chunk that comes in pieces', async (t) => {
    const { start, assertClean } = await setUp(t);
    const ingest = await start(5 * MIB);
    await writeSlices(ingest, randomBytes(100_000), 100_000);
    await ingest.discard();
    await assert.rejects(async () => ingest.write(randomBytes(SLAB_BYTES + 1)), /given up/);
    assertClean();
  });

  test('after it was staged leaves nothing, even while its sync is under way', async (t) => {
    const { start, assertClean } = await setUp(t);
    const ingest = await start(5 * MIB);
    await writeSlices(ingest, randomBytes(5 * MIB), 100_000);
    await (await ingest.finish()).discard();
    assertClean();
  });
});
