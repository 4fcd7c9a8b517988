/**
 * @module Tests of `RawHeaders`.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders, trimBlanks } from './raw-headers.ts';

const headers = new RawHeaders([
  'Host',
  'a',
  'X-Amz-Meta-K',
  '1',
  'Range',
  'r',
  'x-amz-meta-k',
  '2',
  'X-AMZ-META-K',
  '',
]);

test('names are found in lower case whatever case they came in', () => {
  assert.equal(headers.get('host'), 'a');
  assert.equal(headers.has('range'), true);
  assert.equal(headers.get('absent'), undefined);
  assert.deepEqual(headers.all('absent'), []);
});

test('duplicates are kept in order and joined by commas', () => {
  assert.equal(headers.get('x-amz-meta-k'), '1,2,');
  assert.deepEqual(headers.all('x-amz-meta-k'), ['1', '2', '']);
  assert.deepEqual(headers.all('host'), ['a']);
});

test('entries give every value under its lower-case name', () => {
  assert.deepEqual(
    [...headers.entries()],
    [
      ['host', 'a'],
      ['x-amz-meta-k', '1'],
      ['x-amz-meta-k', '2'],
      ['x-amz-meta-k', ''],
      ['range', 'r'],
    ],
  );
  assert.deepEqual([...headers.names()], ['host', 'x-amz-meta-k', 'range']);
});

test('names that every object has are not headers', () => {
  assert.equal(new RawHeaders([]).has('constructor'), false);
  assert.equal(new RawHeaders(['__proto__', 'x']).get('__proto__'), 'x');
});

test('blanks around a value are dropped, whatever is between them', () => {
  for (const [value, trimmed] of [
    ['', ''],
    [' \t ', ''],
    ['\ta b\t ', 'a b'],
    ['\u00a0a\u00a0', '\u00a0a\u00a0'],
  ] as const) {
    assert.equal(trimBlanks(value), trimmed);
  }
  // Looked for from every blank on, the end would take an hour to find.
  const long = `a${' '.repeat(2_000_000)}b`;
  assert.equal(trimBlanks(long), long);
});
