/** @module Bugs in what is decided in the writer's transactions, and in what reads beside it. */

import type { SeededBug } from '../bug.ts';

export const CATALOG_BUGS: readonly SeededBug[] = [
  {
    name: 'reaper-without-readers-epochs',
    breaks: 'a blob is deleted while a reader that has seen it is on its way to open it',
    file: 'packages/server/src/catalog/sqlite/reaper.ts',
    find: '    if (!this.#options.epochs.passed(seq)) return manifests;\n',
    replace: '',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/reaper.test.ts' }],
  },
  {
    name: 'reaper-ignores-reservations',
    breaks: 'a blob is deleted while a PUT of the same content refers to it',
    file: 'packages/server/src/catalog/sqlite/reaper.ts',
    find: 'found.filter(({ id }) => queue.pins.isUntouched(id))',
    replace: '[...found]',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/reaper.test.ts' }],
  },
  {
    name: 'if-none-match-not-decided',
    breaks: 'two that create a key if it is absent both succeed',
    file: 'packages/server/src/catalog/sqlite/mutations/conditions.ts',
    find: "if (there !== undefined) throw new CatalogError('PreconditionFailed', 'The key exists');",
    replace: "if (there?.etag === '') throw new CatalogError('PreconditionFailed', 'The key exists');",
    caughtBy: [{ test: 'tests/model/model.test.ts' }],
  },
  {
    name: 'append-to-any-offset',
    breaks: 'two appends at one offset both succeed',
    file: 'packages/server/src/catalog/sqlite/mutations/append.ts',
    find: 'if (input.offset !== (current?.size ?? 0))',
    replace: 'if (input.offset > (current?.size ?? 0))',
    caughtBy: [{ test: 'tests/linearizability/linearizability.test.ts' }],
  },
  {
    name: 'append-extends-shared-manifest',
    breaks: 'an append to a copy shows in the object that it was copied from, or the other way round',
    file: 'packages/server/src/catalog/sqlite/mutations/append.ts',
    find: '  if (parts === version.parts) {',
    replace: '  if (parts >= version.parts) {',
    caughtBy: [{ test: 'tests/model/model.test.ts' }],
  },
  {
    name: 'second-process-let-in',
    breaks: 'two servers write one data directory',
    file: 'packages/server/src/directory-lock.ts',
    find: "lock.exec('BEGIN EXCLUSIVE');",
    replace: "lock.exec('BEGIN');",
    caughtBy: [{ test: 'tests/faults/one-owner.test.ts' }],
  },
  {
    name: 'what-was-undone-with-another-is-not-made-again',
    breaks: 'mutations that shared a savepoint with one that failed are acknowledged, and are not there',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: '      outcomes.length = from;\n      for (const { mutation } of batch.slice(from)) outcomes.push(this.#applyOne(mutation));',
    replace: '      outcomes.push({ error: error as Error });',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/write-queue.test.ts' }],
  },
  {
    name: 'a-bucket-is-kept-over-its-change',
    breaks: 'what a snapshot shows is deleted by a write of the same commit',
    file: 'packages/server/src/catalog/sqlite/write-queue.ts',
    find: '      this.#context.buckets.clear();\n      return;',
    replace: '      return;',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/write-queue.test.ts' }],
  },
];
