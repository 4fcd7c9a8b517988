/** @module Dates of headers and of XML. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatHttpDate, formatIsoDate, parseHttpDate } from './dates.ts';

const TIME_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

test('what is sent', () => {
  assert.equal(formatHttpDate(TIME_MS), 'Sun, 06 Nov 1994 08:49:37 GMT');
  assert.equal(formatIsoDate(TIME_MS + 5), '1994-11-06T08:49:37.005Z');
});

test('the dates of a listing are those that `Date` writes, in whatever order of minutes', () => {
  const edges = [0, -1, 59_999, 60_000, TIME_MS, TIME_MS + 59_999, -62_167_219_200_000, 8.64e15, -8.64e15];
  const near = Array.from({ length: 2000 }, (_, index) => TIME_MS + ((index * 7919) % 150) * 997);
  for (const timeMs of [...edges, ...near, ...edges]) {
    assert.equal(formatIsoDate(timeMs), new Date(timeMs).toISOString());
  }
  assert.throws(() => formatIsoDate(Number.NaN), RangeError);
});

test('the three forms of HTTP, and ISO 8601, in any time zone of the server', () => {
  const zone = process.env['TZ'];
  try {
    for (const server of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
      process.env['TZ'] = server;
      for (const text of [
        'Sun, 06 Nov 1994 08:49:37 GMT',
        'Sun, 6 Nov 1994 08:49:37 +0000',
        'sun, 06 nov 1994 08:49:37 utc',
        'Sunday, 06-Nov-94 08:49:37 GMT',
        'Sun Nov  6 08:49:37 1994',
        '1994-11-06T08:49:37Z',
        '1994-11-06T08:49:37.999Z',
        ' Sun, 06 Nov 1994 08:49:37 GMT ',
      ]) {
        assert.equal(parseHttpDate(text), TIME_MS, `${text} in ${server}`);
      }
    }
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('what is no date is none', () => {
  for (const text of [
    '',
    'not a date',
    'not a date 1',
    '2020',
    '1994-11-06',
    '0',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 99 Nov 1994 08:49:37 GMT',
  ]) {
    assert.equal(parseHttpDate(text), undefined, text);
  }
});
