/** Rows that a test has written or changed itself, as if the server had. */

import type { DatabaseSync } from 'node:sqlite';

import { defineRowSums } from './row-sums.ts';
import { SUM_ROWS } from './schema.ts';
import { defineTableSums } from './table-sums.ts';

/** Gives all rows of those tables the sums of what they say now. */
export function sumRows(db: DatabaseSync, ...tables: readonly (keyof typeof SUM_ROWS)[]): void {
  defineRowSums(db);
  defineTableSums(db);
  for (const table of tables) db.exec(SUM_ROWS[table]);
}
