/** @module Bugs that only a kill or a disk that fails at the right moment brings to light. */

import type { SeededBug } from '../bug.ts';

export const CRASH_BUGS: readonly SeededBug[] = [
  {
    name: 'the-counter-of-sequence-numbers-is-not-kept',
    breaks: 'after a restart numbers are drawn again that rows have',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: 'if (this.#sequence !== before) sql.setSequence.run(this.#sequence);',
    replace: '',
    caughtBy: [{ test: 'tests/faults/kill.test.ts' }],
  },
  {
    name: 'answered-before-the-commit-is-known-to-have-succeeded',
    breaks: 'a commit that fails is acknowledged all the same',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: '      this.#endShared();\n      this.#commit(before);',
    replace:
      '      this.#endShared();\n      for (const [i, job] of batch.entries()) job.settle(outcomes[i]);\n      this.#commit(before);',
    caughtBy: [
      {
        proof: [
          'positions',
          '--for',
          '40s',
          '--set',
          'walk=PUT of a row',
          '--set',
          'fault=EIO from then on',
          '--seed',
          '1',
        ],
      },
    ],
  },
  {
    name: 'the-catalog-goes-on-after-a-failed-commit',
    breaks: 'SQLite accepts the next commit although the log has a hole',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: '    if (this.#stopped !== undefined) return;\n    this.#stopped = new',
    replace: '    return;\n    this.#stopped = new',
    caughtBy: [{ test: 'tests/faults/fail-stop.test.ts' }],
  },
  {
    name: 'a-failed-sync-of-a-blob-stops-nothing',
    breaks: 'the kernel may have dropped the bytes, and the next sync succeeds',
    file: 'packages/server/src/operations/receive-object.ts',
    find: '    services.failStop(error);\n',
    replace: '',
    caughtBy: [{ test: 'tests/faults/fail-stop.test.ts' }],
  },
  {
    name: 'the-directory-of-the-log-is-not-synced',
    breaks: 'SQLite ignores it when its own sync of that directory fails',
    file: 'packages/server/src/catalog/sqlite/connection.ts',
    find: '  syncDirectoryNow(dirname(path));\n',
    replace: '',
    caughtBy: [{ test: 'tests/faults/fail-stop.test.ts' }],
  },
  {
    name: 'temporary-files-stay',
    breaks: 'what a crash left of bodies is never removed',
    file: 'packages/server/src/blobs/files/file-blob-store.ts',
    find: 'if (entry.isFile() && isTemporaryName(entry.name)) await rm(join(tmp, entry.name), { force: true });',
    replace: '',
    caughtBy: [{ test: 'tests/faults/restart.test.ts' }],
  },
  {
    name: 'the-rest-of-a-short-write-is-forgotten',
    breaks: 'the system may write less than it was asked to',
    file: 'packages/server/src/blobs/files/file-blob-store.ts',
    find: '      rest = after(rest, bytesWritten);',
    replace:
      '      rest = after(rest, rest.reduce((sum, { byteLength }) => sum + byteLength, bytesWritten * 0));',
    caughtBy: [
      {
        proof: [
          'positions',
          '--for',
          '40s',
          '--set',
          'walk=PUT of a file',
          '--set',
          'fault=short write, then ENOSPC',
          '--seed',
          '1',
        ],
      },
    ],
  },
  {
    name: 'a-rename-leaves-its-source',
    breaks: 'half of a rename is done',
    file: 'packages/server/src/catalog/sqlite/mutations/rename.ts',
    find: '  const gone = removeCurrent(context, bucket, input.sourceKey);',
    replace: '  const gone = null;',
    caughtBy: [{ test: 'tests/faults/kill.test.ts' }],
  },
];
