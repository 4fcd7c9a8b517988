/** Pages of the catalog that a disk has exchanged lead look-ups to rows of other keys, each right in itself. */

import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { DamagedRow } from '../damaged-row.ts';
import { inline, publication } from '../requests.fixtures.ts';
import { openSqliteStore } from './sqlite-store.testing.ts';

const KEYS = Array.from({ length: 400 }, (_, i) => `key-${String(i).padStart(4, '0')}`);

test('no key is answered with another key’s row', async (t) => {
  const before = openSqliteStore(t);
  const { id: bucket } = await before.catalog.createBucket({ name: 'photos', owner: 'alice', region: 'r' });
  for (const key of KEYS) {
    await before.catalog.publishVersion(publication({ bucket, key, ...inline(`bytes of ${key}`) }));
  }
  before.crash();
  const exchanged = exchangeNeighbours(before.path);
  assert.ok(exchanged > 4, `${exchanged} pages`);

  const { catalog } = openSqliteStore(t, { directory: dirname(before.path) });
  let refused = 0;
  for (const key of KEYS) {
    try {
      const found = await catalog.findVersion(bucket, key);
      assert.equal(found?.key ?? key, key);
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      refused++;
    }
  }
  assert.notEqual(refused, 0, 'Some look-up comes to a row of another key');
});

/** Exchanges the pages of rows of versions in pairs. @returns how many */
function exchangeNeighbours(path: string): number {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const { page_size: size } = db.prepare('PRAGMA page_size').get() as { page_size: number };
  const leaves = db
    .prepare("SELECT pageno FROM dbstat WHERE name = 'versions' AND pagetype = 'leaf' ORDER BY path")
    .all() as { pageno: number }[];
  db.close();
  const file = openSync(path, 'r+');
  const [a, b] = [Buffer.alloc(size), Buffer.alloc(size)];
  for (let i = 0; i + 1 < leaves.length; i += 2) {
    const [first, second] = [leaves[i]!, leaves[i + 1]!].map(({ pageno }) => (pageno - 1) * size) as [
      number,
      number,
    ];
    readSync(file, a, 0, size, first);
    readSync(file, b, 0, size, second);
    writeSync(file, a, 0, size, second);
    writeSync(file, b, 0, size, first);
  }
  closeSync(file);
  return leaves.length;
}
