/** Blobs of zstd frames: what comes out, from any place, is what went in, or an error; and any zstd can read the file. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';

import type { BlobStore } from '../blob-store.ts';
import { FileBlobStore, prepareDirectories } from '../files/file-blob-store.ts';
import type { StagedBlob } from '../ingest/blob-ingest.ts';
import { openHasher } from '../ingest/hasher.testing.ts';
import { ALIGNMENT, SLAB_BYTES, SlabPool } from '../ingest/slab-pool.ts';
import { ZstdIngest } from '../ingest/zstd-ingest.ts';
import { FRAME_BYTES } from './zstd-frames.ts';
import { ZstdReader } from './zstd-reader.ts';

const EXTRA = 3;
const LOCATION = '1/blob';

interface Fixture {
  readonly path: string;
  /** Stores a body that comes in slices of `slice` bytes. */
  readonly put: (bytes: Buffer, slice?: number) => Promise<StagedBlob>;
  readonly open: (staged: StagedBlob) => Promise<ZstdReader>;
  readonly start: (size: number, store?: BlobStore) => Promise<ZstdIngest>;
  readonly store: BlobStore;
  /** Holds that no temporary file is left and that all slabs have come back. */
  readonly assertClean: () => void;
}

async function setUp(t: TestContext): Promise<Fixture> {
  const root = mkdtempSync(join(tmpdir(), 'cistern-zstd-'));
  const hasher = openHasher(t);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  await prepareDirectories(root);
  const files = new FileBlobStore(root);
  const pool = new SlabPool({ extra: EXTRA, perUser: EXTRA + 1 });
  const start = (size: number, store: BlobStore = files): Promise<ZstdIngest> =>
    ZstdIngest.start({ store, pool, hasher, size });
  return {
    path: join(root, 'blobs', LOCATION),
    store: files,
    start,
    put: async (bytes, slice = 65_536) => {
      const ingest = await start(bytes.length);
      await writeSlices(ingest, bytes, slice);
      const staged = await ingest.finish();
      await staged.synced;
      await staged.place(LOCATION);
      return staged;
    },
    open: async ({ frames, length }) => {
      assert.ok(frames);
      const blob = { location: LOCATION, frames, logical: length };
      return ZstdReader.open(asPromised(files), blob, { pool, length });
    },
    assertClean: () => {
      assert.deepEqual(readdirSync(join(root, 'tmp')), []);
      const share = pool.share();
      const slabs = [];
      for (let slab = share.take(); slab !== undefined; slab = share.take()) slabs.push(slab);
      assert.equal(slabs.length, EXTRA + 1);
      for (const slab of slabs) share.give(slab);
    },
  };
}

/** Holds that a store is asked for what it may rely on. */
function asPromised(store: BlobStore): Pick<BlobStore, 'open'> {
  return {
    open: async (location, length) => {
      const stored = await store.open(location, length);
      return {
        outlivesBlob: true,
        alignment: ALIGNMENT,
        read: (into, position) => {
          assert.equal(into.byteOffset % ALIGNMENT, 0);
          assert.equal(into.byteLength % ALIGNMENT, 0);
          assert.equal(position % ALIGNMENT, 0);
          return stored.read(into, position);
        },
        close: () => stored.close(),
      };
    },
  };
}

async function writeSlices(ingest: ZstdIngest, bytes: Buffer, length: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += length) {
    const slice = Buffer.from(bytes.subarray(at, at + length));
    await ingest.write(slice);
    slice.fill(0xaa);
  }
}

const digest = (algorithm: string, bytes: Buffer): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** Bytes of every kind: noise, which grows a little, and what shrinks to next to nothing, in runs. */
function mixed(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  const noise = randomBytes(Math.min(size, 700_001));
  for (let at = 0, i = seed; at < size; at += 100_003, i++) {
    const end = Math.min(size, at + 100_003);
    if (i % 3 === 0) noise.copy(bytes, at, 0, end - at);
    else bytes.fill(`${i} lines that are alike\n`, at, end);
  }
  return bytes;
}

const SIZES = [
  0,
  1,
  FRAME_BYTES - 1,
  FRAME_BYTES,
  FRAME_BYTES + 1,
  4 * FRAME_BYTES,
  5 * FRAME_BYTES + 12_345,
  20 * FRAME_BYTES + 1,
];

suite('a compressed blob', () => {
  for (const size of SIZES) {
    test(`of ${size} bytes is named by what is stored, which any zstd can read`, async (t) => {
      const { put, path, assertClean } = await setUp(t);
      for (const bytes of [mixed(size, 1), randomBytes(size), Buffer.alloc(size, 'x')]) {
        const staged = await put(bytes);
        const file = readFileSync(path);
        assert.equal(staged.sha256.toString('hex'), digest('sha256', file));
        assert.equal(staged.stored, file.length);
        assert.equal(staged.length, size);
        assert.equal(staged.md5.toString('hex'), digest('md5', bytes));
        assert.equal(staged.contentSha256.toString('hex'), digest('sha256', bytes));
        assert.ok(size === 0 || zstdDecompressSync(file).equals(bytes));
        // Noise costs a few bytes a frame, never more.
        assert.ok(file.length <= size + 32 * Math.ceil(size / FRAME_BYTES));
      }
      assert.ok(size < FRAME_BYTES || readFileSync(path).length < size / 100);
      assertClean();
    });
  }

  test('is the same however it came', async (t) => {
    const { put, assertClean } = await setUp(t);
    const bytes = mixed(3 * FRAME_BYTES + 5, 0);
    const [first, second] = [await put(bytes, 1000), await put(bytes, FRAME_BYTES + 1)];
    assert.ok(first.sha256.equals(second.sha256));
    assertClean();
  });
});

suite('a reader of a compressed blob', () => {
  test('gives any range, in any order', async (t) => {
    const { put, open, assertClean } = await setUp(t);
    const border = fc
      .tuple(fc.nat({ max: 8 }), fc.integer({ min: -2, max: 2 }))
      .map(([frames, over]) => Math.max(0, frames * FRAME_BYTES + over));
    const size = fc.oneof(fc.nat({ max: 8 * FRAME_BYTES }), border);
    const ranges = fc.array(
      fc.tuple(fc.oneof(fc.nat(), border), fc.oneof(fc.nat({ max: 600_000 }), border)),
      {
        maxLength: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(size, fc.nat({ max: 2 }), ranges, async (length, seed, list) => {
        const bytes = mixed(length, seed);
        const reader = await open(await put(bytes));
        for (const [at, count] of list) {
          const position = at % (length + 2);
          const into = Buffer.alloc(count, 0x55);
          const read = await reader.read(into, position);
          const expected = bytes.subarray(position, position + count);
          assert.equal(read, expected.length);
          assert.ok(into.subarray(0, read).equals(expected), `${count} from ${position}`);
          assert.ok(into.subarray(read).every((byte) => byte === 0x55));
        }
        await reader.close();
        assertClean();
      }),
      { numRuns: 40 },
    );
  });

  test('gives the whole, slab by slab', async (t) => {
    const { put, open, assertClean } = await setUp(t);
    for (const bytes of [mixed(9 * FRAME_BYTES + 77, 2), randomBytes(9 * FRAME_BYTES + 77)]) {
      const reader = await open(await put(bytes));
      const whole = Buffer.alloc(bytes.length);
      for (let at = 0; at < bytes.length; at += SLAB_BYTES)
        await reader.read(whole.subarray(at, at + SLAB_BYTES), at);
      assert.ok(whole.equals(bytes));
      await reader.close();
    }
    assertClean();
  });

  test('decodes what it needs, and no more', async (t) => {
    const { put, open, path } = await setUp(t);
    const bytes = randomBytes(4 * FRAME_BYTES);
    const staged = await put(bytes);
    // All but the third frame is destroyed.
    const file = readFileSync(path);
    const [start, end] = [2, 3].map((frames) => Math.floor((file.length / 4) * frames));
    writeFileSync(path, file.fill(0, 0, start).fill(0, end));
    const reader = await open(staged);
    t.after(() => reader.close());
    const into = Buffer.alloc(1000);
    assert.equal(await reader.read(into, 3 * FRAME_BYTES - 1000), 1000);
    assert.ok(into.equals(bytes.subarray(3 * FRAME_BYTES - 1000, 3 * FRAME_BYTES)));
    await assert.rejects(reader.read(into, 3 * FRAME_BYTES - 999), { name: 'DamagedBlob' });
  });

  test('never gives other bytes than were written, wherever the file is damaged', async (t) => {
    const { put, open, path } = await setUp(t);
    const bytes = mixed(2 * FRAME_BYTES + 1000, 1);
    const staged = await put(bytes);
    const file = readFileSync(path);
    const into = Buffer.alloc(bytes.length);
    const readAll = async (): Promise<void> => {
      const reader = await open(staged);
      try {
        assert.equal(await reader.read(into, 0), bytes.length);
      } finally {
        await reader.close();
      }
    };
    const flips = Array.from({ length: 60 }, (_, i) => Math.floor((file.length * i) / 60));
    for (const at of flips) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(path, damaged);
      // A bit that means nothing to zstd may be another: the bytes are right then.
      await readAll().then(
        () => assert.ok(into.equals(bytes), `a bit at ${at}`),
        (error: Error) => assert.equal(error.name, 'DamagedBlob', error.message),
      );
    }
    // One bit of a frame's header says that it has a checksum: without it zstd looks at none.
    const unchecked = Buffer.from(file);
    unchecked[4] = (unchecked[4] ?? 0) & ~0x04;
    for (let at = 100; at < 1000; at++) unchecked[at] = (unchecked[at] ?? 0) ^ 0x01;
    writeFileSync(path, unchecked);
    await assert.rejects(readAll(), { name: 'DamagedBlob', message: /no checksum/ });
    for (const length of [0, 1, ALIGNMENT, file.length - 1]) {
      writeFileSync(path, file.subarray(0, length));
      await assert.rejects(readAll(), { name: 'DamagedBlob' });
    }
  });

  test('refuses a map that is not of that blob', async (t) => {
    const { put, open } = await setUp(t);
    const staged = await put(mixed(FRAME_BYTES + 1, 1));
    assert.ok(staged.frames);
    for (const wrong of [
      { ...staged, frames: staged.frames.subarray(0, 3) },
      { ...staged, frames: staged.frames.subarray(0, -3) },
      { ...staged, length: 3 * FRAME_BYTES },
    ]) {
      await assert.rejects(open(wrong), { name: 'DamagedBlob' });
    }
  });
});

suite('a body that is compressed', () => {
  test('comes beside others through little memory and is not mixed with them', async (t) => {
    const { start, path, assertClean } = await setUp(t);
    const bodies = Array.from({ length: 6 }, (_, i) => mixed(12 * FRAME_BYTES + i * 50_001, i));
    await Promise.all(
      bodies.map(async (bytes, i) => {
        const ingest = await start(bytes.length);
        await writeSlices(ingest, bytes, 60_000 + i);
        const staged = await ingest.finish();
        assert.equal(staged.md5.toString('hex'), digest('md5', bytes));
        await staged.place(`1/${i}`);
        assert.ok(zstdDecompressSync(readFileSync(join(dirname(path), `${i}`))).equals(bytes));
      }),
    );
    assertClean();
  });

  for (const received of [0, 1, 3 * FRAME_BYTES + 5]) {
    test(`and given up after ${received} bytes leaves nothing`, async (t) => {
      const { start, assertClean } = await setUp(t);
      const ingest = await start(50 * FRAME_BYTES);
      await writeSlices(ingest, mixed(received, 0), 100_000);
      await ingest.discard();
      await assert.rejects(async () => ingest.write(randomBytes(FRAME_BYTES + 1)), /given up/);
      assertClean();
    });
  }

  test('meets a store that fails: it is told so, and nothing is left', async (t) => {
    const { start, store, assertClean, path } = await setUp(t);
    mkdirSync(dirname(path), { recursive: true });
    const broken = new Error('no more');
    let writes = 0;
    const failing: BlobStore = {
      open: (location, length) => store.open(location, length),
      delete: (location) => store.delete(location),
      create: async (size) => {
        const writer = await store.create(size);
        return {
          write: (bytes, position) =>
            writes++ === 2 ? Promise.reject(broken) : writer.write(bytes, position),
          sync: () => writer.sync(),
          place: (location) => writer.place(location),
          discard: () => writer.discard(),
        };
      },
    };
    const ingest = await start(30 * FRAME_BYTES, failing);
    await assert.rejects(async () => {
      await writeSlices(ingest, randomBytes(30 * FRAME_BYTES), 100_000);
      await ingest.finish();
    }, broken);
    await ingest.discard();
    assertClean();
  });
});
