/** @module Bugs in what is taken from the wire. */

import type { SeededBug } from '../bug.ts';

export const PROTOCOL_BUGS: readonly SeededBug[] = [
  {
    name: 'range-off-by-one',
    breaks: 'a range ends one byte early',
    file: 'packages/protocol/src/range.ts',
    find: 'Math.min(Number(last) + 1, size)',
    replace: 'Math.min(Math.max(Number(last), start + 1), size)',
    caughtBy: [{ test: 'packages/protocol/src/range.test.ts' }],
  },
  {
    name: 'suffix-longer-than-object',
    breaks: 'the last N bytes of an object of fewer begin before it',
    file: 'packages/protocol/src/range.ts',
    find: 'Math.min(Number(last), size);\n    if',
    replace: 'Number(last);\n    if',
    caughtBy: [{ test: 'packages/protocol/src/range.test.ts' }],
  },
  {
    name: 'unsigned-header-heeded',
    breaks: 'whoever has a presigned URL adds headers that ask for more',
    file: 'packages/protocol/src/sigv4/authenticate.ts',
    find: '  checkSignedHeaders(headers, pairs, claim);\n',
    replace: '',
    caughtBy: [
      {
        test: 'packages/protocol/src/sigv4/authenticate.test.ts packages/protocol/src/sigv4/authenticate-presigned.test.ts',
      },
    ],
  },
];
