/** @module Tests of the tables of a run side by side. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf, contenderOf, sideBySide } from './rows.fixtures.ts';
import { formatSideBySide, markdown } from './table.ts';

test('ratios are of ours to each, and the last column names whom ours leads least', () => {
  const row = (requestsPerSecond: number, errors = 0) => [
    rowOf('PUT', { requestsPerSecond, errors, serverCpuSecondsPerThousandRequests: 100 / requestsPerSecond }),
  ];
  const text = formatSideBySide(
    sideBySide([
      contenderOf('own', row(3000), { peakRssBytes: 2e8, startMilliseconds: 300 }),
      contenderOf('slow', row(1000), {}),
      contenderOf('quick', row(2000), {}),
      contenderOf('wrong', row(9000, 1), {}),
    ]),
  );
  assert.match(
    text,
    /\| PUT +\| 3,000 \| 1,000 \| 2,000 \| 9,000 \(ERRORS\) \| +3\.00x \| +1\.50x \| +0\.33x \| +1\.50x quick \|/,
  );
  assert.match(text, /\| PUT +\| 0\.033 \| 0\.100 \| 0\.050 \|.* 1\.50x quick \|/);
  assert.match(text, /\| over all +\| 200 \|/);
});

test('a row that one of them lacks leaves its cells empty', () => {
  const text = formatSideBySide(
    sideBySide([contenderOf('own', [rowOf('A', {})], {}), contenderOf('b', [], {})]),
  );
  assert.match(text, /\| A +\| 1,000 \| +\| +\| +\|/);
});

test('columns of Markdown are aligned', () => {
  assert.equal(
    markdown([
      ['a', 'bcd'],
      ['efgh', '1'],
    ]),
    '| a    | bcd |\n| ---- | --: |\n| efgh |   1 |',
  );
});
