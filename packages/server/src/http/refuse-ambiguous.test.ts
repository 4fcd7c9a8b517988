/** What is refused before anything is done because others may read it otherwise. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '@cistern/protocol';

import { refuseAmbiguous } from './refuse-ambiguous.ts';

function check(httpVersion: string, ...raw: string[]): { refused: boolean; shouldKeepAlive: boolean } {
  const response = { shouldKeepAlive: true };
  let refused = false;
  try {
    refuseAmbiguous({ httpVersion }, response, new RawHeaders(raw));
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'InvalidRequest');
    refused = true;
  }
  return { refused, ...response };
}

test('a length, no body, and chunks in HTTP/1.1 are taken', () => {
  for (const raw of [[], ['Content-Length', '5'], ['Transfer-Encoding', 'Chunked']])
    assert.deepEqual(check('1.1', ...raw), { refused: false, shouldKeepAlive: true }, String(raw));
  assert.deepEqual(check('1.0'), { refused: false, shouldKeepAlive: true });
});

test('other codings, chunks in HTTP/1.0 and other versions are refused, and end the connection', () => {
  for (const coding of ['gzip', 'identity', 'chunked, gzip', 'gzip, chunked', 'xchunked', ''])
    assert.deepEqual(
      check('1.1', 'Transfer-Encoding', coding),
      { refused: true, shouldKeepAlive: false },
      coding,
    );
  assert.deepEqual(check('1.0', 'Transfer-Encoding', 'chunked'), { refused: true, shouldKeepAlive: false });
  for (const version of ['0.9', '2.0', '1.2']) assert.equal(check(version).refused, true, version);
});
