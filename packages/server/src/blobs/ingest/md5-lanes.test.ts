/** MD5 of several messages side by side: each digest is that of its own bytes, however many there are and however they are cut. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { Md5Lanes, Md5Message } from './md5-lanes.ts';
import type { Md5Piece } from './md5-lanes.ts';
import { LANE_BYTES, LANES } from './md5-module.ts';

const lanes = new Md5Lanes();

/** Bytes that no other message has. */
function bytesOf(message: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + message * 101) & 0xff;
  return bytes;
}

const native = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Hashes each message's pieces, as many messages side by side as have any left. */
function digests(messages: readonly (readonly Buffer[])[]): string[] {
  const running = messages.map((pieces) => ({ message: new Md5Message(), rest: [...pieces] }));
  const current = new Map<Md5Message, Md5Piece>();
  for (;;) {
    for (const { message, rest } of running) {
      if ((current.get(message)?.bytes.byteLength ?? 0) > 0) continue;
      const bytes = rest.shift();
      if (bytes === undefined) current.delete(message);
      else current.set(message, { message, bytes });
    }
    if (current.size === 0) break;
    lanes.advance([...current.values()].slice(0, LANES));
  }
  return running.map(({ message }) => lanes.digest(message).toString('hex'));
}

test('of any number of messages, of any lengths, cut anywhere', () => {
  const lengths = fc.oneof(
    fc.nat(200),
    fc.nat(LANE_BYTES * 3),
    fc.constantFrom(0, 55, 56, 63, 64, 65, LANE_BYTES),
  );
  const message = fc.array(lengths, { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: LANES + 3 }), (messages) => {
      const pieces = messages.map((each, i) => each.map((length, j) => bytesOf(i * 16 + j, length)));
      assert.deepEqual(
        digests(pieces),
        pieces.map((each) => native(Buffer.concat(each))),
      );
    }),
    { numRuns: 300 },
  );
});

test('of messages of every length up to three blocks', () => {
  const messages = Array.from({ length: 200 }, (_, length) => bytesOf(length, length));
  for (let at = 0; at < messages.length; at += LANES) {
    const some = messages.slice(at, at + LANES);
    assert.deepEqual(digests(some.map((bytes) => [bytes])), some.map(native));
  }
});

test('of bytes in shared memory', () => {
  const bytes = Buffer.from(new SharedArrayBuffer(LANE_BYTES * 2));
  bytes.set(bytesOf(1, bytes.length));
  assert.deepEqual(digests([[bytes], [bytes.subarray(1)]]), [native(bytes), native(bytes.subarray(1))]);
});
