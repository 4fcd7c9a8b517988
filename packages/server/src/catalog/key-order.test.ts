/** The order of keys is that of their UTF-8 bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { compareKeys, successorOfPrefix } from './key-order.ts';

/** With the places seen often where UTF-16 and UTF-8 order differ. */
const character = fc.oneof(
  fc.constantFrom(
    '\u0000',
    'a',
    'b',
    '\u007f',
    '\u0080',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const key = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('keys compare as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(key, key, key, (common, a, b) => {
      for (const [x, y] of [
        [a, b],
        [common + a, common + b],
        [common, common + a],
      ] as const) {
        assert.equal(Math.sign(compareKeys(x, y)), byBytes(x, y));
        assert.equal(Math.sign(compareKeys(y, x)), byBytes(y, x));
      }
    }),
    { numRuns: 2000 },
  );
});

test('surrogate pairs sort after all that one unit can say', () => {
  assert.ok(compareKeys('\uffff', '\u{10000}') < 0);
  assert.ok(compareKeys('\ue000', '😀') < 0);
  assert.ok(compareKeys('😀', '😁') < 0);
  assert.equal(compareKeys('😀', '😀'), 0);
});

test('the successor of a prefix is after everything that begins with it', () => {
  fc.assert(
    fc.property(key, key, (prefix, rest) => {
      const successor = successorOfPrefix(prefix);
      if (successor !== undefined) assert.ok(byBytes(prefix + rest, successor) < 0);
    }),
    { numRuns: 1000 },
  );
});

test('the successor of a prefix is before everything later that does not begin with it', () => {
  fc.assert(
    fc.property(key, key, key, (prefix, a, b) => {
      const successor = successorOfPrefix(prefix);
      for (const other of [a, prefix + a, prefix.slice(0, -1).toWellFormed() + b]) {
        if (other.startsWith(prefix) || byBytes(other, prefix) < 0) continue;
        assert.ok(successor !== undefined && byBytes(successor, other) <= 0, other);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the successor of a prefix, by example', () => {
  for (const [prefix, successor] of [
    ['a', 'b'],
    ['a/', 'a0'],
    ['\u007f', '\u0080'],
    ['\ud7ff', '\ue000'],
    ['\uffff', '\u{10000}'],
    ['a😀', 'a😁'],
    ['a\u{10ffff}\u{10ffff}', 'b'],
    ['', undefined],
    ['\u{10ffff}', undefined],
  ] as const) {
    assert.equal(successorOfPrefix(prefix), successor, prefix);
  }
});
