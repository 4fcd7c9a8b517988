/** The log is moved into the database beside the writer, by a real thread. */

import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { eventually } from '../../../../../tests/support/eventually.ts';
import { DATABASE_FILE } from './connection.ts';
import { BUCKET, MIB, writeBesideReader, writeMib } from './log-load.testing.ts';
import { LogMover } from './log-mover.ts';
import { openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';

interface MovedStore extends SqliteStore {
  readonly mover: LogMover;
  readonly failures: Error[];
}

function open(t: TestContext): MovedStore {
  const directory = temporaryDirectory(t);
  const failures: Error[] = [];
  const mover = new LogMover(join(directory, DATABASE_FILE), (cause) => failures.push(cause));
  t.after(() => mover.close());
  return { ...openSqliteStore(t, { directory, mover }), mover, failures };
}

test('what is written reaches the database while the log goes on', async (t) => {
  const store = open(t);
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 12);
  store.mover.wait();
  assert.ok(statSync(store.path).size > 4 * MIB, `${statSync(store.path).size}`);
  assert.ok(store.queue.checkpointer.logBytes > 12 * MIB);
  assert.equal((await store.catalog.findVersion(bucket, 'k7'))?.size, MIB);
  assert.deepEqual(store.failures, []);
});

test('the log is bounded while readers read, and holds nothing back', async (t) => {
  const store = open(t);
  const longest = await writeBesideReader(t, store, 30);
  assert.ok(longest > 8 * MIB, `${longest}`);
  assert.ok(longest < 112 * MIB, `${longest}`);
  assert.deepEqual(store.failures, []);
  assert.equal(store.queue.stopped, undefined);
});

test('after a crash in the middle of a move everything is there', async (t) => {
  const store = open(t);
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 20);
  store.crash();
  await store.mover.close();
  const again = openSqliteStore(t, { directory: join(store.path, '..') });
  for (let i = 0; i < 8; i++) assert.equal((await again.catalog.findVersion(bucket, `k${i}`))?.size, MIB);
});

test('a thread that cannot be started is no failure, nobody waits for it, and the writer moves the log', async (t) => {
  const failures: Error[] = [];
  const mover = new LogMover(join(temporaryDirectory(t), 'missing', DATABASE_FILE), (cause) =>
    failures.push(cause),
  );
  t.after(() => mover.close());
  const store = { ...openSqliteStore(t, { mover }), mover, failures };
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 30);
  mover.wait();
  await eventually(() => assert.equal(mover.usable, false));
  assert.equal(mover.moving, false);
  await writeMib(store, bucket, 30);
  assert.ok(statSync(store.path).size > 8 * MIB, `${statSync(store.path).size}`);
  assert.deepEqual(failures, []);
  assert.equal(store.queue.stopped, undefined);
});

test('a log that cannot be moved is a failure, and ends nothing else', async (t) => {
  const path = join(temporaryDirectory(t), DATABASE_FILE);
  writeFileSync(path, 'no database at all'.repeat(1000));
  const failed = Promise.withResolvers<Error>();
  const mover = new LogMover(path, failed.resolve);
  mover.start();
  mover.wait();
  assert.match((await failed.promise).message, /not a database/);
  await mover.close();
  await mover.close();
});
