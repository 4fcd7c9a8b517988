/** @module Bugs that lose what was acknowledged when the power goes, or the process. */

import type { SeededBug } from '../bug.ts';

const FILES = 'packages/server/src/blobs/files/file-blob-store.ts';

export const DURABILITY_BUGS: readonly SeededBug[] = [
  {
    name: 'catalog-synchronous-normal',
    breaks: 'a commit is acknowledged before its log is synced',
    file: 'packages/server/src/catalog/sqlite/connection.ts',
    find: "'PRAGMA synchronous = FULL; PRAGMA fullfsync",
    replace: "'PRAGMA synchronous = NORMAL; PRAGMA fullfsync",
    caughtBy: [
      { proof: ['cut', '--for', '30s', '--set', 'fs=ext4'] },
      { test: 'tests/faults/sync-order.test.ts' },
    ],
  },
  {
    name: 'blob-directory-not-synced',
    breaks: 'a blob that was renamed into place is gone after a power cut',
    file: FILES,
    find: '      await syncDirectory(directory);\n',
    replace: '',
    caughtBy: [
      { proof: ['cut', '--for', '120s', '--set', 'fs=ext4'] },
      { test: 'tests/faults/sync-order.test.ts' },
    ],
  },
  {
    name: 'new-directory-not-synced-in-parent',
    breaks: 'the first blob of a new directory is gone with it after a power cut',
    file: FILES,
    find: '      await syncDirectory(parent);\n',
    replace: '',
    caughtBy: [{ test: 'tests/faults/sync-order.test.ts' }],
  },
  {
    name: 'blob-not-synced',
    breaks: 'a blob is empty or torn after a power cut',
    file: FILES,
    find: '    await this.#file.datasync();\n',
    replace: '',
    caughtBy: [
      { proof: ['cut', '--for', '60s', '--set', 'fs=ext4'] },
      { test: 'tests/faults/sync-order.test.ts' },
    ],
  },
  {
    name: 'failed-step-forgotten',
    breaks: 'bytes that the disk lost while more came are acknowledged',
    file: FILES,
    find: '    await this.#step;\n',
    replace: '',
    caughtBy: [{ test: 'tests/faults/blob-files.test.ts' }],
  },
  {
    name: 'padding-of-direct-writes-kept',
    breaks: 'a large blob has zeros after its end',
    file: FILES,
    find: 'if (this.#written !== this.#queued) await this.#file.truncate(this.#queued);',
    replace: '',
    caughtBy: [{ test: 'packages/server/src/blobs/files/file-blob-store.test.ts' }],
  },
  {
    name: 'acknowledged-before-commit',
    breaks: 'an answer goes out before its transaction is durable',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: '      this.#endShared();\n      this.#commit(before);',
    replace:
      '      this.#endShared();\n      for (const [i, job] of batch.entries()) job.settle(outcomes[i]);\n      this.#commit(before);',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/write-queue.test.ts' }],
  },
];
