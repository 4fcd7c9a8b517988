/** Blobs as objects of another store, here one in memory. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { memory } from '@cistern/store';
import type { ObjectStore, Store } from '@cistern/store';
import { BLOB_PREFIX, OBJECT_LOCATION } from '../tiers.ts';
import { ObjectBlobStore } from './object-blob-store.ts';

function open(): { store: Store; blobs: ObjectBlobStore } {
  const store = memory();
  return { store, blobs: new ObjectBlobStore(() => Promise.resolve(store)) };
}

/** Writes in pieces, each from memory that is used again. */
async function write(
  blobs: ObjectBlobStore,
  bytes: Buffer,
): Promise<Awaited<ReturnType<typeof blobs.create>>> {
  const writer = await blobs.create(bytes.length);
  const slab = Buffer.alloc(10_000);
  for (let start = 0; start < bytes.length; start += slab.length) {
    const length = bytes.copy(slab, 0, start);
    await writer.write(slab.subarray(0, length), start);
    slab.fill(0);
  }
  await writer.sync();
  return writer;
}

async function keysOf(store: Store): Promise<string[]> {
  return Array.fromAsync(store.keys());
}

test('a blob stays where it was written, under a name that says nothing of it', async () => {
  const { store, blobs } = open();
  const bytes = randomBytes(123_456);
  const writer = await write(blobs, bytes);
  const location = writer.location ?? '';
  assert.match(location, OBJECT_LOCATION);
  await writer.place(location);
  await writer.discard();
  assert.deepEqual(await keysOf(store), [BLOB_PREFIX + location]);
  assert.deepEqual(Buffer.from(await store.get(BLOB_PREFIX + location).bytes()), bytes);
});

test('reads that follow each other are one request; others begin another', async () => {
  const { store, blobs } = open();
  const bytes = randomBytes(100_000);
  const { location = '' } = await write(blobs, bytes);
  let gets = 0;
  const counted = new Proxy<ObjectStore>(store, {
    get: (target, name) => {
      if (name === 'get') gets++;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const reader = await new ObjectBlobStore(() => Promise.resolve(counted)).open(location, 60_000);
  const into = Buffer.alloc(30_000);
  for (const position of [20_000, 50_000]) {
    assert.equal(await reader.read(into, position), 30_000);
    assert.deepEqual(into, bytes.subarray(position, position + 30_000));
  }
  assert.equal(gets, 1);
  assert.equal(await reader.read(into, 90_000), 10_000, 'less only at the end');
  assert.equal(await reader.read(into, 100_000), 0);
  assert.equal(await reader.read(into, 0), 30_000);
  assert.deepEqual(into, bytes.subarray(0, 30_000));
  await reader.close();
});

test('more than was announced can be read', async () => {
  const { blobs } = open();
  const bytes = randomBytes(50_000);
  const { location = '' } = await write(blobs, bytes);
  const reader = await blobs.open(location, 20_000);
  const into = Buffer.alloc(50_000);
  let done = 0;
  while (done < bytes.length) {
    const count = await reader.read(into.subarray(done), done);
    assert.ok(count > 0);
    done += count;
  }
  assert.deepEqual(into, bytes);
  await reader.close();
});

test('the same content whose place is already given is copied there', async () => {
  const { store, blobs } = open();
  const bytes = randomBytes(5000);
  const [first, second] = [await write(blobs, bytes), await write(blobs, bytes)];
  assert.notEqual(first.location, second.location);
  await second.place(first.location ?? '');
  assert.deepEqual(await keysOf(store), [`${BLOB_PREFIX}${first.location}`]);
});

test('what is discarded is gone, before and after it is whole', async () => {
  const { store, blobs } = open();
  const half = await blobs.create(1000);
  await half.write(randomBytes(500), 0);
  await half.discard();
  await half.discard();
  await (await write(blobs, randomBytes(1000))).discard();
  assert.deepEqual(await keysOf(store), []);
  await assert.rejects(half.write(randomBytes(500), 500));
});

test('a store that fails rejects writes and the sync, and keeps nobody waiting', async () => {
  const store = memory();
  const failing = new Proxy<ObjectStore>(store, {
    get: (target, name) => {
      if (name === 'put') return () => Promise.reject(new Error('no room'));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const writer = await new ObjectBlobStore(() => Promise.resolve(failing)).create(10);
  await assert.rejects(writer.write(randomBytes(5), 0), /no room/);
  await assert.rejects(writer.sync(), /no room/);
  await writer.discard();
});

test('deleting what is not there is no error; reading it is', async () => {
  const { blobs } = open();
  await blobs.delete(`aa/${'0'.repeat(32)}`);
  const reader = await blobs.open(`aa/${'0'.repeat(32)}`, 10);
  await assert.rejects(reader.read(Buffer.alloc(10), 0), { code: 'NotFound' });
  await reader.close();
});
