/** The write-ahead log stays short, whatever is written and read. */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { openReader } from './connection.ts';
import { BUCKET, MIB, writeBesideReader, writeMib } from './log-load.testing.ts';
import { openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';

test('the log is bounded while readers read', async (t) => {
  const longest = await writeBesideReader(t, openSqliteStore(t), 10);
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
