/** The table of clients. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measured } from './client-process.ts';
import { formatResults, median } from './report.ts';

const measured = (operations: number): Measured => ({
  operations,
  bytes: operations * 4096,
  seconds: 2,
  cpuSeconds: 1,
  peakRssBytes: 100e6,
});

test('medians', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('each client is beside ours on the same row and service', () => {
  const table = formatResults([
    { row: 'put', client: '@cistern/store', rounds: [measured(4000), measured(2000), measured(3000)] },
    { row: 'put', client: 'other', rounds: [measured(1000)] },
    { row: 'put', client: '@cistern/store (Azure)', rounds: [measured(10)] },
    { row: 'put', client: '@azure/storage-blob', rounds: [measured(20)] },
    { row: 'put', client: 'broken', rounds: [], failure: 'no answer' },
  ]);
  const lines = table.split('\n').slice(2);
  assert.match(lines[0] ?? '', /1,500 +6\.1 /);
  assert.match(lines[1] ?? '', /other +500 .* 3\.00$/);
  assert.match(lines[3] ?? '', /0\.50$/);
  assert.match(lines[4] ?? '', /no answer$/);
});
