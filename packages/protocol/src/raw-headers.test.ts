/**
 * @module Tests of `RawHeaders`.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from './raw-headers.ts';

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
