/** The checks of a blob's blocks: that they are those that were made when its bytes came. */

import type { DatabaseSync } from 'node:sqlite';
import { CHECK_BLOCK_BYTES, SUM_BYTES } from '../../blobs/checks/block-checks.ts';
import { blobSum } from '../../catalog/sqlite/row-sums.ts';

export interface ChecksRow {
  readonly id: number;
  readonly logical: number;
  readonly sum: number | null;
}

/** @returns what is wrong with the checks of a blob that is a file, to be called in a transaction; undefined: nothing */
export function checksChecker(db: DatabaseSync): (row: ChecksRow) => string | undefined {
  const rows = db.prepare('SELECT first, sums FROM blob_checks WHERE blob = ? ORDER BY first');
  return ({ id, logical, sum }) => {
    const found = rows.all(id) as unknown as { first: number; sums: Uint8Array }[];
    if (sum === null)
      return found.length === 0 ? undefined : 'The blob has checks that its row does not know.';
    const sums = Buffer.concat(found.map((row) => row.sums));
    let at = 0;
    for (const row of found) {
      if (row.first !== at) return 'Checks of the blob are missing.';
      at += row.sums.byteLength / SUM_BYTES;
    }
    if (at !== Math.ceil(logical / CHECK_BLOCK_BYTES)) return 'Checks of the blob are missing.';
    return blobSum(id, sums) === sum
      ? undefined
      : 'The checks of the blob are not those that were made of it.';
  };
}
