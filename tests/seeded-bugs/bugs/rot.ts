/** @module Bugs in what notices that a disk has changed what is stored. */

import type { SeededBug } from '../bug.ts';

export const ROT_BUGS: readonly SeededBug[] = [
  {
    name: 'checks-not-compared',
    breaks: 'a GET sends what the disk holds, whatever it is',
    file: 'packages/server/src/blobs/checks/checked-reader.ts',
    find: '    verifyBlocks(into.subarray(0, read), position, this.#checks);\n',
    replace: '',
    caughtBy: [{ test: 'packages/server/src/blobs/checks/checked-reader.test.ts' }],
  },
  {
    name: 'checks-of-first-block-only',
    breaks: 'of a slab only its first block is compared',
    file: 'packages/server/src/blobs/checks/block-checks.ts',
    find: '  for (let at = 0; at < bytes.byteLength; at += CHECK_BLOCK_BYTES) {\n    const index',
    replace: '  for (let at = 0; at < 1; at += CHECK_BLOCK_BYTES) {\n    const index',
    caughtBy: [{ test: 'packages/server/src/blobs/checks/checked-reader.test.ts' }],
  },
  {
    name: 'damaged-blob-is-deduplicated',
    breaks: 'a PUT of content whose file is damaged refers to the damaged file, and is acknowledged',
    file: 'packages/server/src/catalog/sqlite/mutations/blobs.ts',
    find: 'row.state === BLOB_STATE.live && !damaged',
    replace: 'row.state === BLOB_STATE.live',
    caughtBy: [{ test: 'tests/faults/scrub.test.ts' }],
  },
  {
    name: 'row-sums-not-compared',
    breaks: 'metadata that the disk has changed is answered',
    file: 'packages/server/src/catalog/sqlite/rows.ts',
    find: 'v[18] !== null && v[18] !== versionSum(version, { bucket, retiredSeq: v[19] })',
    replace: 'v[18] === 0',
    caughtBy: [{ proof: ['rot', '--for', '90s'] }],
  },
  {
    name: 'inline-bytes-not-compared',
    breaks: 'a small object that the disk has changed is answered',
    file: 'packages/server/src/catalog/sqlite/rows.ts',
    find: 'sum !== null && sum !== blobSum(blob, data)',
    replace: 'sum === -1',
    caughtBy: [{ proof: ['rot', '--for', '60s'] }],
  },
  {
    name: 'log-not-checked',
    breaks: 'a changed bit in the log loses every commit behind it, silently',
    file: 'packages/server/src/catalog/sqlite/connection.ts',
    find: '  checkLog(`${path}-wal`);\n',
    replace: '',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/log-check.test.ts' }],
  },
  {
    name: 'sum-not-moved',
    breaks: 'completing an upload moves extents and leaves their sums: what was uploaded cannot be read',
    file: 'packages/server/src/catalog/sqlite/upload-statements.ts',
    find: "SET start = ${moved}, sum = ${movedExtentSum('start', `${moved} - start`)}",
    replace: 'SET start = ${moved}',
    caughtBy: [{ test: 'tests/compat/upload-part-copy.test.ts' }],
  },
  {
    name: 'scrub-does-not-compare',
    breaks: 'the scrub reads, and finds nothing',
    file: 'packages/server/src/scrub/check-blob.ts',
    find: "  if (!hash.digest().equals(sha256)) throw new DamagedBlob('its SHA-256 is another');\n",
    replace: '',
    caughtBy: [{ test: 'tests/faults/scrub.test.ts' }],
  },
  {
    name: 'fsck-skips-row-sums',
    breaks: 'fsck does not see a row that is not what was written',
    file: 'packages/server/src/fsck/checks/version-row.ts',
    find: 'sum === null ||',
    replace: 'sum !== undefined ||',
    caughtBy: [{ test: 'packages/server/src/fsck/run-fsck.test.ts' }],
  },
];
