/** @module Tests of percentiles. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeLatency } from './percentiles.ts';

test('percentiles are nearest-rank, in any order of the samples', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(summarizeLatency(samples), { p50_ms: 50, p99_ms: 99 });
  assert.deepEqual(summarizeLatency([7]), { p50_ms: 7, p99_ms: 7 });
});

test('samples are compared as numbers', () => {
  assert.equal(summarizeLatency([10, 9, 100]).p50_ms, 10);
});

test('no samples make zeros', () => {
  assert.deepEqual(summarizeLatency([]), { p50_ms: 0, p99_ms: 0 });
});
