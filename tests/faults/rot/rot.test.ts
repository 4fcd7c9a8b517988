/** @module The short form of the proof of bit rot: a few dozen corruptions of files, catalog and log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeGround, removeGround, spoilCatalog, spoilFiles } from './rounds.ts';
import { makeStore } from './store.ts';

const CHANGES = 5;

test('what a disk has changed in files, catalog and log is given to no reader, and found', async (t) => {
  const seed = process.env['CISTERN_ROT_SEED'] ?? String(Date.now());
  t.diagnostic(`CISTERN_ROT_SEED=${seed}`);
  const violations: string[] = [];
  const counts = new Map<string, number>();
  const told = {
    count: (name: string, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by),
    violation: (report: string): void => void violations.push(report),
  };
  const store = await makeStore(seed, { files: 8, small: 20 });
  t.after(() => store.remove());
  const [closed, crashed] = [await makeGround(store.closed), await makeGround(store.crashed)];
  t.after(() => [closed, crashed].forEach(removeGround));
  await spoilFiles(closed, `${seed} files:0`, told);
  for (let n = 0; n < CHANGES; n++) {
    await spoilCatalog(closed, `${seed} catalog:${n}`, told, 'database');
    await spoilCatalog(crashed, `${seed} log:${n}`, told, 'log');
  }
  assert.deepEqual(violations, []);
  assert.ok((counts.get('refused reads') ?? 0) > 0 && (counts.get('found by fsck') ?? 0) > 0);
});
