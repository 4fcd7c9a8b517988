/** @module Bugs in what is taken from the wire. */

import type { SeededBug } from '../bug.ts';

export const PROTOCOL_BUGS: readonly SeededBug[] = [
  {
    name: 'chunk-signature-skipped',
    breaks: 'a chunk of a signed body is taken whatever its signature',
    file: 'packages/protocol/src/chunked/decoder.ts',
    find: 'if (!signaturesEqual(expected, this.#chunkSignature)) throw',
    replace: 'if (expected === this.#chunkSignature.padEnd(1)) return; else if (expected === "") throw',
    caughtBy: [{ test: 'packages/protocol/src/chunked/decoder.test.ts' }],
  },
  {
    name: 'final-chunk-not-verified',
    breaks: 'a signed body may be cut after any chunk and ended with a forged one',
    file: 'packages/protocol/src/chunked/decoder.ts',
    find: '    this.#verifyChunk();\n    this.#state = this.#trailer',
    replace: '    this.#state = this.#trailer',
    caughtBy: [{ test: 'packages/protocol/src/chunked/decoder.test.ts' }],
  },
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
  {
    name: 'presigned-never-expires',
    breaks: 'a presigned URL is good for ever',
    file: 'packages/protocol/src/sigv4/authenticate.ts',
    find: '  if (now <= endMs) return;\n',
    replace: '  if (now !== endMs + 1) return;\n',
    caughtBy: [{ test: 'packages/protocol/src/sigv4/authenticate-presigned.test.ts' }],
  },
];
