/** @module Bugs that only a power cut, a full disk, a clock that is set or a lack of something brings to light. */

import type { SeededBug } from '../bug.ts';

export const RESOURCE_BUGS: readonly SeededBug[] = [
  {
    name: 'root-key-not-synced',
    breaks: 'the root key that was shown is an empty file after a power cut',
    file: 'packages/cistern/src/serve/credentials.ts',
    find: '    writeFileSync(fd, text);\n    fsyncSync(fd);',
    replace: '    writeFileSync(fd, text);',
    caughtBy: [{ proof: ['cut', '--for', '60s', '--set', 'fs=ext4', '--set', 'rounds=0'] }],
  },
  {
    name: 'read-transaction-ends-thread',
    breaks: 'a disk that cannot be read ends the server',
    file: 'packages/server/src/catalog/sqlite/shared-snapshot.ts',
    find: '      this.#abandon();\n    }',
    replace: "      this.#abandon();\n      throw new Error('the transaction could not be ended');\n    }",
    caughtBy: [{ test: 'tests/faults/disk/cut.test.ts' }],
  },
  {
    name: 'uploads-by-the-wall-clock',
    breaks: 'a clock put forward for a moment aborts every upload',
    file: 'packages/server/src/catalog/sqlite/age-clock.ts',
    find: '    if (offset <= this.#offset + STEP_MS) {',
    replace: '    if (offset <= this.#offset + STEP_MS || offset > 0) {',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/maintenance.test.ts' }],
  },
  {
    name: 'age-not-stored',
    breaks: 'a restart with a clock that is ahead aborts every upload',
    file: 'packages/server/src/catalog/sqlite/maintenance.ts',
    find: '    uploads.setAge.run(Math.round(ageMs));\n',
    replace: '    void uploads;\n    void ageMs;\n',
    caughtBy: [{ proof: ['resources', '--for', '20s', '--set', 'only=clock'] }],
  },
  {
    name: 'room-before-name',
    breaks: 'a full disk keeps a server with --buckets from starting',
    file: 'packages/server/src/catalog/sqlite/mutations/buckets.ts',
    find: '  requireFreeName(reader, { name, owner });\n  context.requireRoom();\n  const id',
    replace: '  context.requireRoom();\n  requireFreeName(reader, { name, owner });\n  const id',
    caughtBy: [{ test: 'tests/faults/disk/full.test.ts' }],
  },
  {
    name: 'hash-thread-ends-server',
    breaks: 'the first large body without file descriptors ends the server',
    file: 'packages/server/src/threads/hash-handle.ts',
    find: '      if (started.waiting === undefined) this.#handlers.onCrash(cause);',
    replace: '      if (started.worker === worker) this.#handlers.onCrash(cause);',
    caughtBy: [{ test: 'packages/server/src/threads/hash-handle.test.ts' }],
  },
  {
    name: 'mover-stops-catalog',
    breaks: 'without descriptors for the thread that moves the log the catalog stops for good',
    file: 'packages/server/src/catalog/sqlite/log-mover.ts',
    find: '      else this.#notStarted();',
    replace: '      else this.#onFailure(cause);',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/log-mover.test.ts' }],
  },
];
