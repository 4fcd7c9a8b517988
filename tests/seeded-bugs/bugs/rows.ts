/** @module Bugs in the sums of rows, and in what is done with a row that is wrong. */

import type { SeededBug } from '../bug.ts';

export const ROW_BUGS: readonly SeededBug[] = [
  {
    name: 'part-number-not-in-sum',
    breaks: 'a part whose number the disk has changed is answered, and fsck does not see it',
    file: 'packages/server/src/catalog/sqlite/row-sums.ts',
    find: ' + PART_WEIGHTS.number * p.number) % PRIME',
    replace: ') % PRIME',
    caughtBy: [{ test: 'packages/server/src/fsck/run-fsck.test.ts' }],
  },
  {
    name: 'part-sum-not-moved',
    breaks:
      'completing an upload with gaps renumbers its parts and leaves their sums: they cannot be listed, and fsck calls them damaged',
    file: 'packages/server/src/catalog/sqlite/upload-statements.ts',
    find: "number = number - ?1, sum = ${movedPartSum('number', '-?1')}",
    replace: 'number = number - ?1',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/sqlite-catalog.test.ts' }],
  },
  {
    name: 'damaged-bucket-is-swept',
    breaks: 'a bucket whose state the disk has changed is removed with all its objects',
    file: 'packages/server/src/catalog/sqlite/snapshot-statements.ts',
    find: 'WHERE state = ${removing.state} AND ${whole} LIMIT 1',
    replace: 'WHERE state = ${removing.state} LIMIT 1',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/snapshot-sweeper.test.ts' }],
  },
  {
    name: 'damaged-snapshot-is-believed',
    breaks: 'what a snapshot shows is removed, because its number was changed by the disk',
    file: 'packages/server/src/catalog/sqlite/snapshot-statements.ts',
    find: " AND NOT ${damaged('s.bucket')} LIMIT 1",
    replace: ' LIMIT 1',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/snapshot-sweeper.test.ts' }],
  },
  {
    name: 'damaged-upload-is-aborted',
    breaks: 'an upload that the disk made look open again is aborted, with the bytes of its object',
    file: 'packages/server/src/catalog/sqlite/upload-statements.ts',
    find: " AND ${mayBeEnded('u')} ORDER BY active_ms",
    replace: ' ORDER BY active_ms',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/uploads.test.ts' }],
  },
  {
    name: 'bucket-sums-not-compared',
    breaks: 'a bucket whose owner or settings the disk has changed is answered',
    file: 'packages/server/src/catalog/sqlite/rows.ts',
    find: '  if (whole !== 1) throw new DamagedRow(`bucket ${id}`);\n',
    replace: '',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/snapshot-sweeper.test.ts' }],
  },
  {
    name: 'wrong-row-made-right',
    breaks: 'changing a bucket makes a new sum of what the disk has changed, which then is answered',
    file: 'packages/server/src/catalog/sqlite/table-sums.ts',
    find: 'CASE WHEN sum = ${tableSum(table)} THEN ${tableSum(table, changes)} ELSE sum END',
    replace: '${tableSum(table, changes)}',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/snapshot-sweeper.test.ts' }],
  },
  {
    name: 'damaged-version-gives-up-reference',
    breaks: "deleting a damaged version gives up a reference that may be another's",
    file: 'packages/server/src/catalog/sqlite/rows.ts',
    find: '? v[7] : null;',
    replace: '? v[7] : v[7];',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/mutations/history.test.ts' }],
  },
  {
    name: 'quick-check-passes-damage-by',
    breaks: 'a quick check says that all is well, and the scrub has found damage',
    file: 'packages/server/src/fsck/checks/blobs.ts',
    find: 'row.damage !== null && row.refs > 0',
    replace: "row.damage === ''",
    caughtBy: [{ test: 'packages/server/src/fsck/run-fsck.test.ts' }],
  },
];
