/** Tests of finding out where blobs are. */

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { prepareSchema } from './schema.ts';
import { tiersInUse } from './tiers-in-use.ts';

test('each place of blobs is named once, and the data directory is none', (t) => {
  const db = new DatabaseSync(':memory:');
  t.after(() => db.close());
  prepareSchema(db, ':memory:');
  assert.deepEqual(tiersInUse(db), []);
  const insert = db.prepare(
    'INSERT INTO blobs (scope, sha256, state, refs, codec, logical, stored, tier) VALUES (1, ?, 1, 1, 0, 1, 1, ?)',
  );
  for (const tier of ['', 'GLACIER', '@store', '', 'GLACIER', '@store', 'ARCHIVE'])
    insert.run(Buffer.alloc(32), tier);
  assert.deepEqual(tiersInUse(db), ['@store', 'ARCHIVE', 'GLACIER']);
});
