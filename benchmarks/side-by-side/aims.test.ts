/** @module Tests of judging a run by what ours reaches beside peers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSideBySide } from './aims.ts';
import type { ContenderResult } from './result.ts';
import { contenderOf, rowOf, sideBySide } from './rows.fixtures.ts';

function judge(aim: string, contenders: ContenderResult[]) {
  const found = judgeSideBySide(sideBySide(contenders)).find((result) => result.aim.startsWith(aim));
  assert.ok(found, aim);
  return found;
}

const put = (requestsPerSecond: number, errors = 0) => [
  rowOf('PUT 4 KiB x64', { requestsPerSecond, errors }),
];

test('peers that sync and peers that do not have aims of their own', () => {
  const own = contenderOf('own', put(4000), { syncs: true });
  const synced = contenderOf('synced', put(800), { syncs: true });
  const unsynced = contenderOf('unsynced', put(2000), {});
  const contenders = [own, synced, unsynced];
  assert.deepEqual(judge('PUT 4 KiB x64: at least 5x', contenders).verdict, 'met');
  const missed = judge('PUT 4 KiB x64: at least 3x', contenders);
  assert.deepEqual([missed.measured, missed.verdict], ['2.00x unsynced', 'MISSED']);
  assert.equal(judge('PUT 4 KiB x64: at least 3x', [own, synced]).verdict, 'not measured');
});

test('ours meets nothing with errors, and a peer with errors is no measure', () => {
  const good = contenderOf('good', put(100), { syncs: true });
  const bad = contenderOf('bad', put(100_000, 1), { syncs: true });
  assert.equal(
    judge('PUT 4 KiB x64: at least 5x', [contenderOf('own', put(500), {}), good, bad]).verdict,
    'met',
  );
  const failing = contenderOf('own', put(500, 1), {});
  assert.equal(judge('PUT 4 KiB x64: at least 5x', [failing, good]).verdict, 'MISSED');
});

test('memory and start', () => {
  const own = contenderOf('own', [], { peakRssBytes: 150e6, startMilliseconds: 401 });
  const peers = [
    contenderOf('a', [], { peakRssBytes: 300e6 }),
    contenderOf('b', [], { peakRssBytes: 100e6 }),
  ];
  assert.equal(judge('peak memory of all rows: at most 200', [own, ...peers]).verdict, 'met');
  const absent = contenderOf('c', [], { peakRssBytes: 1e6 });
  const rows = [rowOf('A', {})];
  const busy = [
    contenderOf('own', rows, { peakRssBytes: 150e6 }),
    contenderOf('a', rows, { peakRssBytes: 200e6 }),
    absent,
  ];
  assert.equal(judge('peak memory of all rows: at most that', busy).measured, '0.75x a');
  const relative = judge('peak memory of all rows: at most that', [own, ...peers]);
  assert.deepEqual([relative.measured, relative.verdict], ['1.50x b', 'MISSED']);
  assert.equal(judge('start', [own]).verdict, 'MISSED');
  assert.equal(judge('start', [contenderOf('own', [], {})]).verdict, 'not measured');
});
