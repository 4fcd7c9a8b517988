/** Reads of one turn share a state; none of them misses what was acknowledged before it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createEpochMemory, EpochReader, EpochWriter } from '../epochs.ts';
import { openReader, openWriter, DATABASE_FILE } from './connection.ts';
import { SharedSnapshot } from './shared-snapshot.ts';
import { count, temporaryDirectory } from './sqlite-store.testing.ts';
import type { TestContext } from 'node:test';
import { join } from 'node:path';

function setUp(t: TestContext) {
  const path = join(temporaryDirectory(t), DATABASE_FILE);
  const writer = openWriter(path);
  const reader = openReader(path);
  t.after(() => {
    reader.close();
    writer.close();
  });
  writer.exec('CREATE TABLE things (n INTEGER)');
  const memory = createEpochMemory(1);
  const epochs = new EpochWriter(memory);
  const snapshot = new SharedSnapshot(reader, new EpochReader(memory, 0));
  let seq = 0;
  return {
    reader,
    epochs,
    snapshot,
    seen: () => snapshot.read(() => count(reader, 'SELECT count(*) FROM things')),
    /** Synced, but not told of: as between the commit and its acknowledgement. */
    commitSilently: () => writer.exec('INSERT INTO things VALUES (1)'),
    acknowledge: () => epochs.committed(++seq),
    begin: () => epochs.committing({ buckets: false }),
  };
}

test('what was acknowledged is seen by the next read, in the same turn', (t) => {
  const { seen, commitSilently, acknowledge } = setUp(t);
  assert.equal(seen(), 0);
  for (let n = 1; n <= 3; n++) {
    commitSilently();
    acknowledge();
    assert.equal(seen(), n);
  }
});

test('reads of a turn share one state, and the next turn has a new one', async (t) => {
  const { seen, commitSilently } = setUp(t);
  assert.equal(seen(), 0);
  commitSilently();
  assert.equal(seen(), 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seen(), 1);
});

test('a commit that another thread can have shown already is seen before it is told of', (t) => {
  const { seen, commitSilently, acknowledge, begin } = setUp(t);
  assert.equal(seen(), 0);
  begin();
  assert.equal(seen(), 0);
  commitSilently();
  assert.equal(seen(), 1);
  acknowledge();
  assert.equal(seen(), 1);
});

test('no transaction outlives the turn', async (t) => {
  const { reader, seen } = setUp(t);
  seen();
  assert.equal(reader.isTransaction, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(reader.isTransaction, false);
});

test('while the writer asks for brief reads, none outlives its read', (t) => {
  const { reader, epochs, seen, commitSilently } = setUp(t);
  seen();
  epochs.askForBriefReads(true);
  seen();
  assert.equal(reader.isTransaction, false);
  commitSilently();
  assert.equal(seen(), 1);
  epochs.askForBriefReads(false);
  seen();
  assert.equal(reader.isTransaction, true);
});

test('nobody makes way for a writer that writes no more', async (t) => {
  const { reader, epochs, seen, commitSilently, acknowledge } = setUp(t);
  epochs.askForBriefReads(true);
  for (let n = 0; n <= 1000; n++) seen();
  assert.equal(reader.isTransaction, true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(reader.isTransaction, false);
  commitSilently();
  acknowledge();
  assert.equal(seen(), 1);
  assert.equal(reader.isTransaction, false);
});

test('a read that fails leaves the next one as it should be', (t) => {
  const { reader, snapshot, seen, commitSilently, acknowledge } = setUp(t);
  assert.throws(() => snapshot.read(() => reader.exec('SELECT * FROM missing_table')), /no such table/);
  commitSilently();
  acknowledge();
  assert.equal(seen(), 1);
});
