/** @module Tests of medians over rounds, and of who is best. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bestOf, costOf, median, medianRows, rateOf } from './medians.ts';
import { rowOf } from './rows.fixtures.ts';

test('the median is the middle one, or between the middle two', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([9, 1, 5, 7]), 6);
  assert.ok(Number.isNaN(median([])));
});

test('rounds become one row: medians, all errors, and the highest peak', () => {
  const rounds = [
    rowOf('PUT', { requestsPerSecond: 100, serverCpuSecondsPerThousandRequests: 3, serverPeakRssBytes: 5 }),
    rowOf('GET', {}),
    rowOf('PUT', { requestsPerSecond: 900, errors: 2, serverPeakRssBytes: 9 }),
    rowOf('PUT', { requestsPerSecond: 200, serverCpuSecondsPerThousandRequests: 1, serverPeakRssBytes: 7 }),
  ];
  const [put, get] = medianRows(rounds);
  assert.equal(put?.requestsPerSecond, 200);
  assert.equal(put.errors, 2);
  assert.equal(put.serverPeakRssBytes, 9);
  assert.equal(put.serverCpuSecondsPerThousandRequests, 2, 'of the rounds in which it is known');
  assert.equal(get?.id, 'GET');
});

test('large objects count in bytes, listings in keys, the rest in requests', () => {
  const costs = { serverCpuSecondsPerThousandRequests: 1, serverCpuSecondsPerGb: 2 };
  const large = rowOf('PUT', { objectBytes: 2 ** 26, requestsPerSecond: 3, bytesPerSecond: 4, ...costs });
  const small = rowOf('PUT', { objectBytes: 2 ** 12, requestsPerSecond: 3, bytesPerSecond: 4, ...costs });
  const list = rowOf('LIST', { requestsPerSecond: 3, keysPerSecond: 5, ...costs });
  assert.deepEqual([rateOf(large), costOf(large)], [4, 2]);
  assert.deepEqual([rateOf(small), costOf(small)], [3, 1]);
  assert.deepEqual([rateOf(list), costOf(list)], [5, 1]);
});

test('the best is the fastest one without errors', () => {
  const reached = (name: string, requestsPerSecond: number, errors: number) => ({
    name,
    syncs: true,
    row: rowOf('PUT', { requestsPerSecond, errors }),
  });
  assert.equal(bestOf([reached('a', 1, 0), reached('b', 3, 1), reached('c', 2, 0)])?.name, 'c');
  assert.equal(bestOf([reached('b', 3, 1)]), undefined);
});
