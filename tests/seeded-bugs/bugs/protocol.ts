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
  {
    name: 'reset-while-client-sends',
    breaks:
      'a client that still sends when it is refused, and asked for the end of its connection, is reset and sees no answer',
    file: 'packages/server/src/http/gateway.ts',
    find: 'isLast ? !body.finished : body.leavesMoreThan(LIMITS.discardBytesMax)',
    replace: 'body.leavesMoreThan(LIMITS.discardBytesMax)',
    caughtBy: [{ test: 'tests/compat/http-behaviour.test.ts' }],
  },
  {
    name: 'cut-body-behind-upgrade-waited-for',
    breaks: 'a body that is cut short is waited for, for 20 seconds, when its request offered an upgrade',
    file: 'packages/server/src/http/listener.ts',
    find: '      tellOfCut(server, request);\n',
    replace: '',
    caughtBy: [{ test: 'tests/compat/half-closed.test.ts' }],
  },
  {
    name: 'no-answer-to-half-closed-tls',
    breaks:
      'a client that ends its direction of a TLS connection with its request gets no answer that takes a while',
    file: 'packages/server/src/http/listener.ts',
    find: '    socket.allowHalfOpen = true;\n',
    replace: '',
    caughtBy: [{ test: 'tests/compat/half-closed.test.ts' }],
  },
];
