/** Listings compare no sums (docs/decisions/008-checks-of-blocks.md): of every column that one shows, fsck finds a changed bit. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openFilledStore } from './store.testing.ts';

const SHOWN = {
  versions: [
    'key',
    'size',
    'etag',
    'modified_ms',
    'storage_class',
    'owner',
    'checksum_algorithm',
    'checksum_value',
    'seq',
    'is_null',
    'delete_marker',
    'place',
  ],
  buckets: ['name', 'region', 'created_ms', 'owner', 'state'],
  uploads: [
    'key',
    'owner',
    'initiator',
    'storage_class',
    'initiated_ms',
    'checksum_algorithm',
    'checksum_type',
    'bucket',
    'state',
  ],
};

/** The lowest bit of a number, or of the last byte of a text; of nothing one letter. */
const flipped = (column: string): string => {
  const last = `unicode(substr(${column}, -1))`;
  return `CASE typeof(${column})
  WHEN 'integer' THEN (${column} | 1) - (${column} & 1)
  WHEN 'null' THEN 'x'
  ELSE substr(${column}, 1, length(${column}) - 1) || char(${last} + 1 - 2 * (${last} & 1)) END`;
};

for (const [table, columns] of Object.entries(SHOWN))
  for (const column of columns)
    test(`${table}: ${column}`, async (t) => {
      const store = openFilledStore(t);
      await store.fill();
      const row = table === 'versions' ? "key = 'file'" : `id = (SELECT min(id) FROM ${table})`;
      const { changes } = store.db
        .prepare(`UPDATE ${table} SET ${column} = ${flipped(column)} WHERE ${row}`)
        .run();
      assert.equal(changes, 1);
      const { report } = await store.check({ quick: true });
      assert.ok(report.problems.length > 0);
    });
