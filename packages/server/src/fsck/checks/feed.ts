/** The feed: that its rows are what was written. Nothing else in the catalog says the same. */

import { feedSum } from '../../catalog/sqlite/row-sums.ts';
import type { FeedRow } from '../../catalog/sqlite/row-sums.ts';
import type { FsckContext } from '../context.ts';
import { SLICE_ROWS } from '../slices.ts';

export async function checkFeed({ db, slices, findings, summedAfter }: FsckContext): Promise<void> {
  const page = db.prepare(`SELECT seq, at_ms, kind, bucket, key, size, etag, version, sum FROM feed
    WHERE seq > ? ORDER BY seq LIMIT ${SLICE_ROWS}`);
  page.setReturnArrays(true);
  await slices.walk((after) => {
    const rows = page.all(after) as unknown as [...FeedRow, sum: number | null][];
    for (const row of rows) {
      const sum = row.pop() as number | null;
      const values = row as unknown as FeedRow;
      if (sum === null ? values[0] > summedAfter : sum !== feedSum(...values))
        findings.problem('row-damaged', `The row ${values[0]} of the feed is not what was written.`);
    }
    findings.progress();
    return rows.at(-1)?.[0];
  });
}
