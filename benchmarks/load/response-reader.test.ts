/** @module Tests of finding where answers end, at every split of the bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseReader } from './response-reader.ts';

const ANSWERS = {
  'a body of known length': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200],
  'an empty body': ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 200],
  'no body by status': ['HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n', 204],
  'a chunked body': [
    'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    404,
  ],
} as const;

for (const [name, [text, status]] of Object.entries(ANSWERS)) {
  test(`${name} ends at its last byte, however it arrives`, () => {
    const bytes = Buffer.from(text);
    for (let split = 1; split < bytes.length; split++) {
      const reader = new ResponseReader(false);
      // Twice: nothing of one answer may be left for the next.
      for (let round = 0; round < 2; round++) {
        assert.equal(reader.push(bytes.subarray(0, split)), false, `${split} bytes are not all`);
        assert.equal(reader.push(bytes.subarray(split)), true, `split at ${split}`);
        assert.equal(reader.status, status);
      }
    }
  });
}

test('an answer to HEAD has no body, whatever length it announces', () => {
  const reader = new ResponseReader(true);
  assert.equal(reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n')), true);
});

test('a server that closes the connection is noticed', () => {
  const reader = new ResponseReader(false);
  reader.push(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  assert.equal(reader.closes, true);
});
