/** @module The table of tools: medians, ratios to ours, and what could not be measured. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatResults } from './report.ts';
import type { Usage } from './run-tool.ts';

const usage = (seconds: number, cpuSeconds: number, megabytes: number): Usage => ({
  seconds,
  cpuSeconds,
  peakBytes: megabytes * 1e6,
});

test('medians of rounds, and how many times ours another takes', () => {
  const table = formatResults([
    { row: 'up', tool: 'cistern', rounds: [usage(1, 2, 100), usage(9, 4, 90), usage(2, 3, 80)] },
    { row: 'up', tool: 'other 1.0', rounds: [usage(5, 1.5, 45)] },
    { row: 'up', tool: 'third 2.0', rounds: [], failure: 'it is not there' },
  ]);
  const lines = table.split('\n').map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(lines.slice(2), [
    ['up', 'cistern', '2.00', '3.00', '90'],
    ['up', 'other 1.0', '5.00', '1.50', '45', '2.50', '0.50', '0.50'],
    ['up', 'third 2.0', 'it is not there'],
  ]);
});
