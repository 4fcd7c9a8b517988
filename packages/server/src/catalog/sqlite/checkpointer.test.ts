/** The write-ahead log stays short, whatever is written and read. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { inline, publication } from '../requests.fixtures.ts';
import type { BusyReaderData } from './busy-reader.testing.ts';
import { openReader } from './connection.ts';
import { openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';

const MIB = 1024 * 1024;
const BUCKET = { name: 'photos', owner: 'alice', region: 'us-east-1' };

/** Objects of 1 MiB in the catalog itself, so that a few of them fill the log; always the same keys. */
async function writeMib({ catalog }: SqliteStore, bucket: number, mib: number): Promise<void> {
  for (let i = 0; i < mib; i++) {
    const text = String.fromCharCode(97 + (i % 26)).repeat(MIB);
    await catalog.publishVersion(publication({ bucket, key: `k${i % 8}`, ...inline(text) }));
  }
}

test('the log is bounded while readers read', async (t) => {
  const store = openSqliteStore(t);
  const { queue } = store;
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 8);
  const workerData: BusyReaderData = {
    path: store.path,
    memory: store.memory,
    bucket,
    keys: ['k0', 'k1', 'k2'],
  };
  const reader = new Worker(new URL('busy-reader.testing.ts', import.meta.url), { workerData });
  t.after(() => reader.terminate());
  await once(reader, 'online');
  let longest = 0;
  for (let i = 0; i < 10; i++) {
    await writeMib(store, bucket, 8);
    longest = Math.max(longest, queue.checkpointer.logBytes);
  }
  reader.postMessage('stop');
  const [reads] = (await once(reader, 'message')) as [number];
  assert.ok(reads > 10, `${reads}`);
  assert.ok(longest > 8 * MIB, `${longest}`);
  assert.ok(longest < 64 * MIB, `${longest}`);
});

test('a log that a reader’s snapshot has held up starts over when the reader is gone', async (t) => {
  const store = openSqliteStore(t);
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  const reader = openReader(store.path);
  t.after(() => reader.close());
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM versions').get();
  await writeMib(store, bucket, 40);
  const held = store.queue.checkpointer.logBytes;
  assert.ok(held > 40 * MIB);
  reader.exec('COMMIT');
  await writeMib(store, bucket, 40);
  assert.ok(store.queue.checkpointer.logBytes < held + 4 * MIB);
  assert.equal(store.queue.stopped, undefined);
});

test('truncating moves everything into the database and empties the log', async (t) => {
  const store = openSqliteStore(t);
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 4);
  assert.ok(store.queue.checkpointer.logBytes > 4 * MIB);
  store.queue.checkpointer.truncate();
  assert.equal(store.queue.checkpointer.logBytes, 0);
  assert.ok(statSync(store.path).size > 4 * MIB);
  assert.equal((await store.catalog.findVersion(bucket, 'k0'))?.size, MIB);
});

test('the size of a log whose directory was moved away is 0, and no error', async (t) => {
  const parent = temporaryDirectory(t);
  const directory = join(parent, 'data');
  mkdirSync(directory);
  const store = openSqliteStore(t, { directory });
  await store.catalog.createBucket(BUCKET);
  assert.ok(store.queue.checkpointer.logBytes > 0);
  renameSync(directory, join(parent, 'moved'));
  assert.equal(store.queue.checkpointer.logBytes, 0);
  symlinkSync(directory, directory);
  assert.equal(store.queue.checkpointer.logBytes, 0);
});
