/** @module Bugs in readers of bytes from outside, and in what bad networks need. */

import type { SeededBug } from '../bug.ts';

export const INPUT_BUGS: readonly SeededBug[] = [
  {
    name: 'chunk-header-split',
    breaks: 'a chunk header that arrives in two pieces loses the first',
    file: 'packages/protocol/src/chunked/decoder.ts',
    find: "const line = this.#partial + bytes.toString('latin1', from, to);",
    replace: "const line = bytes.toString('latin1', from, to);",
    caughtBy: [
      {
        proof: [
          'fuzz',
          '--for',
          '20s',
          '--set',
          'workers=1',
          '--set',
          'explored=0',
          '--set',
          'target=aws-chunked',
        ],
      },
    ],
  },
  {
    name: 'key-decoded-twice',
    breaks: 'a key is percent-decoded twice: %252F names another object',
    file: 'packages/protocol/src/target.ts',
    find: '    return decodeURIComponent(encoded);',
    replace: '    return decodeURIComponent(decodeURIComponent(encoded));',
    caughtBy: [
      { test: 'packages/protocol/src/target.test.ts' },
      {
        proof: [
          'fuzz',
          '--for',
          '20s',
          '--set',
          'workers=1',
          '--set',
          'explored=0',
          '--set',
          'target=target',
        ],
      },
    ],
  },
  {
    name: 'xml-reference-any',
    breaks: 'a reference to a character that is none ends in a RangeError',
    file: 'packages/protocol/src/xml/parse.ts',
    find: "if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new S3Error('MalformedXML');",
    replace: "if (code >= 0xd800 && code <= 0xdfff) throw new S3Error('MalformedXML');",
    caughtBy: [
      { proof: ['fuzz', '--for', '20s', '--set', 'workers=1', '--set', 'explored=0', '--set', 'target=xml'] },
    ],
  },
  {
    name: 'cache-block-unchecked',
    breaks: 'a damaged block of a cache is taken',
    file: 'packages/store/src/layers/cache/block-format.ts',
    find: '  if (textAt < 0 || crc32(summed, crc32(name)) !== all.readUInt32LE(endAt + 4)) return undefined;',
    replace: '  if (textAt < 0 || crc32(summed, crc32(name)) === 0) return undefined;',
    caughtBy: [
      {
        proof: [
          'fuzz',
          '--for',
          '20s',
          '--set',
          'workers=1',
          '--set',
          'explored=0',
          '--set',
          'target=cache-block',
        ],
      },
    ],
  },
  {
    name: 'bad-path-500',
    breaks: 'a path that is not percent-encoded UTF-8 is an internal error',
    file: 'packages/protocol/src/target.ts',
    find: "  if (decoded === undefined) throw new S3Error('InvalidURI');",
    replace: "  if (decoded === undefined) throw new URIError('InvalidURI');",
    caughtBy: [{ proof: ['hostile', '--for', '60s'] }],
  },
  {
    name: 'stall',
    breaks: 'a header that is looked at for too long holds everybody up',
    file: 'packages/protocol/src/known.ts',
    find: "  const presigned = query.has('X-Amz-Signature');\n",
    replace:
      "  const presigned = query.has('X-Amz-Signature');\n  for (let step = 0, odd = 0; requestHeaders.has('x-amz-acl') && step < 1e9; step++) odd += step & 1;\n",
    caughtBy: [{ proof: ['hostile', '--for', '60s'] }],
  },
  {
    name: 'request-never-over',
    breaks: 'a client that goes away in the middle of its body is never forgotten',
    file: 'packages/server/src/http/gateway.ts',
    find: '      metrics.inFlight--;\n      this.#account(exchange);',
    replace:
      "      if (exchange.errorCode !== 'ClientGone') metrics.inFlight--;\n      this.#account(exchange);",
    caughtBy: [{ test: 'tests/network/network.test.ts' }],
  },
  {
    name: 'temporary-file-left',
    breaks: 'what came of a body that stopped stays in the temporary directory',
    file: 'packages/server/src/operations/receive-object.ts',
    find: '    await (staged ?? ingest).discard();\n',
    replace: '    void (staged ?? ingest);\n',
    caughtBy: [{ test: 'tests/network/network.test.ts' }],
  },
];
