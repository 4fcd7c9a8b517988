/** @module Bugs that only show when many clients are at work at once. */

import type { SeededBug } from '../bug.ts';

export const HISTORY_BUGS: readonly SeededBug[] = [
  {
    name: 'conditions-checked-before-the-transaction-only',
    breaks: 'two writers with If-None-Match: * both succeed',
    file: 'packages/server/src/catalog/sqlite/mutations/publish.ts',
    find: '  if (input.condition !== null)\n    checkCondition(context.reader.findVersion(bucket.id, input.key), input.condition);\n',
    replace: '',
    caughtBy: [{ test: 'tests/linearizability/linearizability.test.ts' }],
  },
  {
    name: 'copy-takes-what-has-replaced-its-source',
    breaks: 'the answer tells of other bytes than were copied',
    file: 'packages/server/src/catalog/sqlite/mutations/publish.ts',
    find: 'if (source?.seq !== input.sourceSeq)',
    replace: 'if (source === undefined)',
    caughtBy: [{ test: 'tests/linearizability/linearizability.test.ts' }],
  },
  {
    name: 'if-match-is-not-compared',
    breaks: 'two writers that replace the same ETag both succeed',
    file: 'packages/server/src/catalog/sqlite/mutations/conditions.ts',
    find: "if (condition.ifMatch !== '*' && there.etag !== condition.ifMatch) {",
    replace: "if (condition.ifMatch === '') {",
    caughtBy: [{ test: 'tests/linearizability/linearizability.test.ts' }],
  },
  {
    name: 'reads-of-a-turn-miss-what-was-acknowledged',
    breaks: 'a transaction is shared by the reads of a turn, whatever was committed meanwhile',
    file: 'packages/server/src/catalog/sqlite/shared-snapshot.ts',
    find: 'if (!committing && this.#committed === committed && this.#db.isTransaction) return;',
    replace: 'if (this.#db.isTransaction) return;',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/shared-snapshot.test.ts' }],
  },
  {
    name: 'reads-go-back-behind-what-another-thread-has-shown',
    breaks:
      'between a commit and the word of it a thread answers from the state before, after another has shown the new one',
    file: 'packages/server/src/catalog/sqlite/shared-snapshot.ts',
    find: 'if (!committing && this.#committed',
    replace: 'if (this.#committed',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/shared-snapshot.test.ts' }],
  },
];
