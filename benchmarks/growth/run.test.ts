/** @module Tests of what is called flat, and of the keys of grown buckets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contenderOf, rowOf, sideBySide } from '../side-by-side/rows.fixtures.ts';
import { grownLayout, spread } from './layout.ts';
import { formatFlat } from './run.ts';

test('flat is what costs at most half as much again, in processor time and in waiting', () => {
  const rows = (cost: number, wait: number) => [
    rowOf('PUT', { serverCpuSecondsPerThousandRequests: cost, p50_ms: 1 }),
    rowOf('GET', { serverCpuSecondsPerThousandRequests: 1, p50_ms: wait }),
  ];
  const flat = sideBySide([contenderOf('1', rows(1, 1), {}), contenderOf('2', rows(1.4, 1.5), {})]);
  assert.doesNotMatch(formatFlat(flat), /GROWS/);
  const grown = sideBySide([
    contenderOf('1', rows(1, 1), {}),
    contenderOf('2', rows(1.6, 1), {}),
    contenderOf('3', rows(1.2, 1.6), {}),
  ]);
  assert.match(formatFlat(grown), /PUT +\| +2 \| +1\.60x \| +1\.00x \| GROWS/);
  assert.equal(grown.contenders.length, 3);
});

test('measured objects lie between all others, and in their order', () => {
  const layout = grownLayout(100_000);
  const ranks = Array.from({ length: 1000 }, (_, index) => spread(index, layout.count));
  assert.equal(new Set(ranks).size, ranks.length);
  const tenths = new Set(ranks.map((rank) => Math.floor((rank / layout.count) * 10)));
  assert.equal(tenths.size, 10);
  const rank = spread(5, layout.count);
  const between = layout.between(64, 5);
  assert.ok(layout.key(rank) < between && between < layout.key(rank + 1));
});

test('ten prefixes at least', () => {
  for (const count of [10, 1000, 100_000]) {
    const { key } = grownLayout(count);
    const prefixes = new Set(Array.from({ length: count }, (_, rank) => key(rank).split('/')[0]));
    assert.ok(prefixes.size >= 10, `${prefixes.size} of ${count}`);
  }
});
