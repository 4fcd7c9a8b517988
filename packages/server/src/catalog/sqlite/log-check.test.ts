/** A log that a crash has left is taken as it is, cut anywhere; one that was changed inside is refused, and stays. */

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { publication } from '../requests.fixtures.ts';
import { DATABASE_FILE, openWriter } from './connection.ts';
import { checkLog } from './log-check.ts';
import { openSqliteStore, temporaryDirectory } from './sqlite-store.testing.ts';

const FRAME = 24 + 4096;

/** The files of a store with 20 commits in its log, as a crash leaves them. */
async function crashed(t: TestContext): Promise<{ path: string; log: string; bytes: Buffer }> {
  const store = openSqliteStore(t);
  const { id } = await store.catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  for (let i = 0; i < 20; i++) await store.catalog.publishVersion(publication({ bucket: id, key: `k${i}` }));
  const path = join(temporaryDirectory(t), DATABASE_FILE);
  copyFileSync(store.path, path);
  copyFileSync(`${store.path}-wal`, `${path}-wal`);
  return { path, log: `${path}-wal`, bytes: readFileSync(`${path}-wal`) };
}

test('a log that a crash has cut anywhere is no damage', async (t) => {
  const { log, bytes } = await crashed(t);
  checkLog(log);
  for (let length = bytes.length; length > 0; length = Math.floor(length * 0.83)) {
    truncateSync(log, length);
    checkLog(log);
  }
  // Of the last transaction any page may be missing.
  writeFileSync(log, Buffer.from(bytes).fill(0, bytes.length - 100));
  checkLog(log);
});

test('a change in the midst of a log is refused with what to do, and nothing is opened', async (t) => {
  const { path, log, bytes } = await crashed(t);
  const frames = Math.floor((bytes.length - 32) / FRAME);
  const places = [
    0,
    9,
    17,
    25,
    32,
    40,
    50,
    60,
    32 + FRAME * 3 + 5,
    32 + FRAME * 7 + 200,
    32 + FRAME * (frames >> 1),
  ];
  for (const at of places) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    writeFileSync(log, damaged);
    assert.throws(() => openWriter(path), /damaged.*copy/s, `byte ${at}`);
    assert.ok(readFileSync(log).equals(damaged));
  }
  writeFileSync(log, bytes);
  openWriter(path).close();
});
