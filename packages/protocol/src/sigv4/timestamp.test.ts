/**
 * @module Tests of the time formats of signed requests.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatAmzDate, parseAmzDate, parseDateHeader } from './timestamp.ts';

const timeMs = Date.UTC(2024, 1, 29, 23, 59, 58);

test('the basic ISO form round trips at whole seconds', () => {
  assert.equal(formatAmzDate(timeMs + 999), '20240229T235958Z');
  assert.equal(parseAmzDate('20240229T235958Z'), timeMs);
});

test('times that do not exist are refused', () => {
  for (const text of [
    '',
    '20230229T000000Z',
    '20241301T000000Z',
    '20240101T240000Z',
    '20240101T000060Z',
    '20240229T235958',
    ' 20240229T235958Z',
    '2024-02-29T23:59:58Z',
  ]) {
    assert.equal(parseAmzDate(text), undefined, text);
  }
});

test('a Date header is an HTTP date or the basic ISO form', () => {
  assert.equal(parseDateHeader('Thu, 29 Feb 2024 23:59:58 GMT'), timeMs);
  assert.equal(parseDateHeader('Thu, 29 Feb 2024 23:59:58 +0000'), timeMs);
  assert.equal(parseDateHeader('20240229T235958Z'), timeMs);
  for (const text of ['', '1', 'now', 'Thu, 99 Feb 2024 23:59:58 GMT', '2024-02-29']) {
    assert.equal(parseDateHeader(text), undefined, text);
  }
});
