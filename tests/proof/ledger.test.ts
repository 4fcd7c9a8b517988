/** The ledger of proofs: what slices add up to, and that the page says it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readSlices, renderPage, totals } from './ledger.ts';
import type { RecordedSlice } from './ledger.ts';
import type { ProofEntry } from './proof.ts';
import { PROOFS } from './table.ts';

const entry = (name: string): ProofEntry => ({
  name,
  group: 'any',
  shows: `what ${name} shows`,
  load: () => Promise.reject(new Error('not needed')),
});

function slice(changes: Partial<RecordedSlice>): RecordedSlice {
  return {
    proof: 'kill',
    on: '2026-11-21',
    commit: '0123456',
    seed: '1',
    seconds: 1800,
    aims: { cycles: 10_000 },
    counts: { cycles: 700, reads: 5 },
    violations: 0,
    ...changes,
  };
}

test('slices add up, each proof for itself', () => {
  const other = slice({ proof: 'cut', counts: { cycles: 1 }, violations: 2 });
  const second = slice({ counts: { cycles: 1300 }, on: '2026-11-22', commit: '89abcde' });
  const [, , kill, cut, none] = totals(
    [entry('kill'), entry('cut'), entry('none')],
    [slice({}), other, second],
  ).split('\n');
  assert.equal(
    kill,
    '| `kill` | what kill shows | **2,000** of 10,000 cycles, 5 reads | 0 | 2, 1.0 h, last 2026-11-22 at 89abcde |',
  );
  assert.match(cut ?? '', /\| 2 \| 1, 0\.5 h/);
  assert.equal(none, '| `none` | what none shows | not run |  |  |');
});

test('docs/proof.md has the totals of the slices that are recorded', () => {
  assert.equal(renderPage(PROOFS, { write: false }), false, 'write it with: npm run prove -- --render');
});

test('every slice is of a proof that there is', () => {
  const names = new Set(PROOFS.map(({ name }) => name));
  assert.deepEqual(
    readSlices().filter(({ proof }) => !names.has(proof)),
    [],
  );
});

test('no slice is recorded twice', () => {
  const lines = readSlices().map((line) => JSON.stringify(line));
  assert.equal(new Set(lines).size, lines.length);
});
