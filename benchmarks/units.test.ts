/** @module Tests of sizes and rates as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMilliseconds, formatSize, parseSize } from './units.ts';

test('sizes are binary, whatever the spelling of the unit', () => {
  assert.equal(parseSize('100'), 100);
  assert.equal(parseSize('4KiB'), 4096);
  assert.equal(parseSize('64m'), 64 * 2 ** 20);
  assert.equal(parseSize(' 1 GiB '), 2 ** 30);
});

test('what is not a size is refused', () => {
  for (const text of ['', 'KiB', '-1', '1.5MiB', '4TiB', '4 4']) {
    assert.throws(() => parseSize(text), RangeError, text);
  }
});

test('a formatted size parses to itself', () => {
  for (const bytes of [1, 100, 4096, 65_536, 64 * 2 ** 20, 2 ** 30]) {
    assert.equal(parseSize(formatSize(bytes)), bytes);
  }
});

test('milliseconds keep three digits', () => {
  assert.deepEqual([0.123, 12.34, 123.4].map(formatMilliseconds), ['0.12', '12.3', '123']);
});
