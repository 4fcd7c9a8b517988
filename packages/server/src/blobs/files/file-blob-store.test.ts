/** Blobs as files: whole or not at all, at any size, and no temporary file is left whatever happens. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { BlobWriter } from '../blob-store.ts';
import { ALIGNMENT, SLAB_BYTES, SlabPool } from '../ingest/slab-pool.ts';
import { FileBlobStore, prepareDirectories } from './file-blob-store.ts';

const MIB = 1024 * 1024;
const LOCATION = '1/ab/cd/blob';
/** From this length on, writes and reads go past the page cache: so it does for who announces it. */
const DIRECT = Math.max(64 * MIB, totalmem() / 16);
/** More than is synced at a time while it is written. */
const STEPS = 34 * MIB;

interface Opened {
  readonly root: string;
  readonly store: FileBlobStore;
  readonly tmp: () => string[];
  readonly path: string;
}

async function open(t: TestContext): Promise<Opened> {
  const root = mkdtempSync(join(tmpdir(), 'cistern-blobs-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  await prepareDirectories(root);
  const tmp = (): string[] => readdirSync(join(root, 'tmp'));
  return { root, store: new FileBlobStore(root), tmp, path: join(root, 'blobs', LOCATION) };
}

const slabs = new SlabPool({ extra: 2000, perUser: 2000 });

/** Slabs that hold `bytes`, each but the last full, with something after the last that must not be stored. */
function inSlabs(bytes: Buffer): Buffer[] {
  const share = slabs.share();
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += SLAB_BYTES) {
    const slab = share.take();
    assert.ok(slab);
    slab.bytes.fill(0x55);
    const length = bytes.copy(slab.bytes, 0, at);
    pieces.push(slab.bytes.subarray(0, length));
  }
  return pieces;
}

/** All writes at once, as a fast client makes them. */
async function writeAll(writer: BlobWriter, bytes: Buffer): Promise<void> {
  await Promise.all(inSlabs(bytes).map((piece, i) => writer.write(piece, i * SLAB_BYTES)));
  await writer.sync();
}

async function store(opened: Opened, bytes: Buffer, announced = bytes.length): Promise<void> {
  const writer = await opened.store.create(announced);
  await writeAll(writer, bytes);
  await writer.place(LOCATION);
}

suite('a blob of any size', () => {
  const around = (size: number): number[] => [size - 1, size, size + 1];
  const sizes = [0, 1, ...around(ALIGNMENT), ...around(SLAB_BYTES), 5 * MIB + 12_345, STEPS + 1];
  const ways = sizes.flatMap((size) => [
    { size, announced: size, way: 'through' },
    { size, announced: DIRECT, way: 'past' },
  ]);
  for (const { size, announced, way } of ways) {
    test(`${size} bytes, written ${way} the page cache, are the bytes of its file`, async (t) => {
      const opened = await open(t);
      const bytes = randomBytes(size);
      await store(opened, bytes, announced);
      assert.ok(readFileSync(opened.path).equals(bytes));
      assert.deepEqual(opened.tmp(), []);
    });
  }

  test('is the same when each write waits for the one before', async (t) => {
    const { store: blobs, path } = await open(t);
    const bytes = randomBytes(STEPS + 777);
    const writer = await blobs.create(bytes.length);
    for (const [i, piece] of inSlabs(bytes).entries()) await writer.write(piece, i * SLAB_BYTES);
    await writer.sync();
    await writer.place(LOCATION);
    assert.ok(readFileSync(path).equals(bytes));
  });

  test('is as long as what was written, though more or less was announced', async (t) => {
    const opened = await open(t);
    for (const announced of [1, 2 * STEPS, DIRECT]) {
      const bytes = randomBytes(5 * MIB + 1);
      const writer = await opened.store.create(announced);
      await writeAll(writer, bytes);
      await writer.place(LOCATION);
      assert.ok(readFileSync(opened.path).equals(bytes));
    }
  });
});

suite('a blob being written', () => {
  test('cannot be seen before it is placed, and then whole, in place of what was there', async (t) => {
    const opened = await open(t);
    const { store: blobs, path } = opened;
    const writer = await blobs.create(3);
    await writeAll(writer, Buffer.from('one'));
    await assert.rejects(blobs.open(LOCATION, 3), { code: 'ENOENT' });
    await writer.place(LOCATION);
    assert.equal(readFileSync(path, 'utf8'), 'one');
    await store(opened, Buffer.from('two'));
    assert.equal(readFileSync(path, 'utf8'), 'two');
  });

  for (const size of [3, STEPS + 5]) {
    test(`leaves nothing when it is discarded, at ${size} bytes`, async (t) => {
      const { store: blobs, tmp, path } = await open(t);
      const bytes = randomBytes(size);
      const untouched = await blobs.create(size);
      const written = await blobs.create(size);
      await Promise.all(inSlabs(bytes).map((piece, i) => written.write(piece, i * SLAB_BYTES)));
      const synced = await blobs.create(size);
      await writeAll(synced, bytes);
      assert.equal(tmp().length, 3);
      for (const writer of [untouched, written, synced]) {
        await writer.discard();
        await writer.discard();
      }
      assert.deepEqual(tmp(), []);
      assert.ok(!existsSync(path));
    });
  }

  test('stays when it is discarded after it was placed', async (t) => {
    const { store: blobs, path } = await open(t);
    const writer = await blobs.create(3);
    await writeAll(writer, Buffer.from('abc'));
    await writer.place(LOCATION);
    await writer.discard();
    assert.equal(readFileSync(path, 'utf8'), 'abc');
  });

  test('takes no bytes but those that follow', async (t) => {
    const { store: blobs, tmp } = await open(t);
    const writer = await blobs.create(100);
    const [piece] = inSlabs(randomBytes(10));
    assert.ok(piece);
    await assert.rejects(writer.write(piece, 4096));
    await writer.write(piece, 0);
    await assert.rejects(writer.write(piece, 0));
    await writer.discard();
    assert.deepEqual(tmp(), []);
  });

  test('can be discarded after its place could not be made, and the next one is placed', async (t) => {
    const opened = await open(t);
    const { root, store: blobs, tmp, path } = opened;
    const scope = join(root, 'blobs', '1');
    writeFileSync(scope, 'a file in the way');
    const writer = await blobs.create(3);
    await writeAll(writer, Buffer.from('abc'));
    await assert.rejects(writer.place(LOCATION));
    await writer.discard();
    assert.deepEqual(tmp(), []);

    rmSync(scope);
    await mkdir(scope);
    await store(opened, Buffer.from('later'));
    assert.equal(readFileSync(path, 'utf8'), 'later');
  });

  test('finds its place while others make the same directories', async (t) => {
    const { root, store: blobs, tmp } = await open(t);
    const second = new FileBlobStore(root);
    const places = Array.from({ length: 20 }, (_, i) => `7/${i % 2}0/${i % 3}0/${i}`);
    await Promise.all(
      places.map(async (location, i) => {
        const writer = await (i % 2 === 0 ? blobs : second).create(location.length);
        await writeAll(writer, Buffer.from(location));
        await writer.place(location);
      }),
    );
    for (const place of places) assert.equal(readFileSync(join(root, 'blobs', place), 'utf8'), place);
    assert.deepEqual(tmp(), []);
  });
});

suite('a blob that is read', () => {
  for (const length of [1, DIRECT]) {
    const way = length === 1 ? 'through' : 'past';
    for (const size of [0, 1, ALIGNMENT - 1, ALIGNMENT, ALIGNMENT + 1, SLAB_BYTES + 5000]) {
      test(`${way} the page cache gives ${size} bytes, from any aligned offset to its end`, async (t) => {
        const opened = await open(t);
        const bytes = randomBytes(size);
        await store(opened, bytes);
        const reader = await opened.store.open(LOCATION, length);
        t.after(() => reader.close());
        const slab = slabs.share().take();
        assert.ok(slab);
        for (let at = 0; at <= size + ALIGNMENT; at += 5 * ALIGNMENT) {
          const read = await reader.read(slab.bytes, at);
          assert.equal(read, Math.min(SLAB_BYTES, Math.max(0, size - at)));
          assert.ok(slab.bytes.subarray(0, read).equals(bytes.subarray(at, at + read)));
        }
        const some = slab.bytes.subarray(0, ALIGNMENT);
        assert.equal(await reader.read(some, 0), Math.min(ALIGNMENT, size));
      });
    }
  }

  test('is read to its end by who had opened it when it was deleted', async (t) => {
    const opened = await open(t);
    await store(opened, Buffer.from('kept'));
    const reader = await opened.store.open(LOCATION, 4);
    t.after(() => reader.close());
    await opened.store.delete(LOCATION);
    await opened.store.delete(LOCATION);
    const slab = slabs.share().take();
    assert.ok(slab);
    assert.equal(await reader.read(slab.bytes, 0), 4);
    assert.equal(slab.bytes.toString('utf8', 0, 4), 'kept');
    await assert.rejects(opened.store.open(LOCATION, 4), { code: 'ENOENT' });
  });
});

suite('prepareDirectories', () => {
  test('removes what a crash left in tmp/, no blob, and nothing that is not ours', async (t) => {
    const opened = await open(t);
    await store(opened, Buffer.from('blob'));
    await opened.store.create(10).then((writer) => writeAll(writer, Buffer.from('unfinished')));
    await mkdir(join(opened.root, 'tmp', 'folder', 'inside'), { recursive: true });
    assert.equal(opened.tmp().length, 2);
    await prepareDirectories(opened.root);
    assert.deepEqual(opened.tmp(), ['folder']);
    assert.equal(readFileSync(opened.path, 'utf8'), 'blob');
  });
});
