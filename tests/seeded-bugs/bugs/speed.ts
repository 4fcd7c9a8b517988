/** @module Bugs in what was made faster. */

import type { SeededBug } from '../bug.ts';

export const SPEED_BUGS: readonly SeededBug[] = [
  {
    name: 'a-store-that-is-forgotten-at-the-start',
    breaks: 'a start without the store that has blobs is not refused, and its objects cannot be read',
    file: 'packages/server/src/catalog/sqlite/tiers-in-use.ts',
    find: "tiers.at(-1) ?? ''",
    replace: "tiers.at(-1) ?? 'A'",
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/tiers-in-use.test.ts' }],
  },
  {
    name: 'only-the-first-place-of-blobs-is-asked-for',
    breaks: 'a start without the directory of another storage class is not refused',
    file: 'packages/server/src/catalog/sqlite/tiers-in-use.ts',
    find: '    tiers.push(tier);',
    replace: '    return [tier];',
    caughtBy: [{ test: 'packages/server/src/catalog/sqlite/tiers-in-use.test.ts' }],
  },
  {
    name: 'read-ahead-keeps-slab',
    breaks: 'a slab that could not be filled is not given back',
    file: 'packages/server/src/http/send-object.ts',
    find: '      this.#share.give(slab);\n      throw error;',
    replace: '      throw error;',
    caughtBy: [{ test: 'packages/server/src/http/send-object.test.ts' }],
  },
  {
    name: 'short-blob-unnoticed',
    breaks: 'a blob file that is too short is sent with what the memory held before',
    file: 'packages/server/src/http/send-object.ts',
    find: "if (read < skip + length) throw new Error('a blob file is shorter than it should be');",
    replace: 'void read;',
    caughtBy: [{ test: 'packages/server/src/http/send-object.test.ts' }],
  },
  {
    name: 'read-ahead-from-wrong-place',
    breaks: 'the slab that is read ahead begins where the one before began',
    file: 'packages/server/src/http/send-object.ts',
    find: 'if (next !== undefined) reading = this.#read(reader, next, { position, end });',
    replace:
      'if (next !== undefined) reading = this.#read(reader, next, { position: position - bytes.length, end });',
    caughtBy: [{ test: 'packages/server/src/http/send-object.test.ts' }],
  },
  {
    name: 'held-part-for-whole',
    breaks: 'the first extent of an object of several is taken for all of it',
    file: 'packages/server/src/catalog/sqlite/sqlite-catalog.ts',
    find: 'only.data === null || only.length !== size) return null;\n  const held = only.data.subarray(only.offset, only.offset + size);\n  return held.byteLength === size ? held : null;',
    replace: 'only.data === null) return null;\n  return only.data.subarray(only.offset);',
    caughtBy: [{ test: 'tests/compat/append-object.test.ts' }],
  },
  {
    name: 'held-range-from-start',
    breaks: 'a range of a small object begins at its first byte',
    file: 'packages/server/src/operations/get-object.ts',
    find: 'held.byteOffset + start, end - start',
    replace: 'held.byteOffset, end - start',
    caughtBy: [{ test: 'tests/compat/get-object.test.ts' }],
  },
  {
    name: 'condition-overlooked',
    breaks: 'If-Unmodified-Since alone is not looked at',
    file: 'packages/protocol/src/conditions.ts',
    find: "'if-modified-since', 'if-unmodified-since'] as const",
    replace: "'if-modified-since'] as const",
    caughtBy: [{ test: 'packages/protocol/src/conditions.test.ts' }],
  },
  {
    name: 'metrics-not-cumulative',
    breaks: 'buckets of histograms do not hold those before them',
    file: 'packages/server/src/admin/metrics-page.ts',
    find: 'cumulative += counts[i] ?? 0;',
    replace: 'cumulative = counts[i] ?? 0;',
    caughtBy: [{ test: 'packages/server/src/admin/metrics-page.test.ts' }],
  },
  {
    name: 'errors-not-logged',
    breaks: 'errors are dropped at the default level',
    file: 'packages/server/src/threads/thread-logger.ts',
    find: 'if (number < LEVELS[level]) return',
    replace: 'if (number > LEVELS[level]) return',
    caughtBy: [{ test: 'packages/server/src/threads/thread-logger.test.ts' }],
  },
];
