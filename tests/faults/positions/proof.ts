/**
 * @module The long form of a fault at every position of every write path. A slice begins its seed's order anew, and goes
 * around when it is through. `--set walk=NAME` and `--set fault=NAME` tries these alone, `--set lanes=N` so many at once, each on a
 * server of its own.
 */

import { tmpdir } from 'node:os';

import { dataIn } from '../../proof/data-in.ts';
import type { Proof, Slice } from '../../proof/proof.ts';
import { needsShim } from '../shim/shim.ts';
import { Attempts } from './attempts.ts';
import { planPositions, WALKS } from './plan.ts';
import type { Position } from './plan.ts';

/** A server that starts keeps no more than one core busy. */
const LANES = 2;

export const proof: Proof = {
  aims: { positions: 5_000 },
  needs: needsShim(),
  run: async (slice) => {
    const first = await start(slice);
    try {
      const [walk, fault] = [slice.settings.get('walk'), slice.settings.get('fault')];
      const walks = WALKS.filter(({ name }) => walk === undefined || name === walk);
      const all = await planPositions(first, slice.seed, walks);
      const positions = all.filter((position) => fault === undefined || position.fault.name === fault);
      slice.log(`${positions.length} positions on ${walks.length} paths`);
      const next = around(positions, slice);
      const lanes = Number(slice.settings.get('lanes') ?? LANES);
      const others = Array.from({ length: lanes - 1 }, async () => {
        const attempts = await start(slice);
        try {
          await runLane(slice, attempts, next);
        } finally {
          await attempts.close();
        }
      });
      await Promise.all([runLane(slice, first, next), ...others]);
    } finally {
      await first.close();
    }
  },
};

function start(slice: Slice): Promise<Attempts> {
  return Attempts.start({
    seed: slice.seed,
    dataIn: dataIn(slice),
    logIn: tmpdir(),
    violation: (report) => slice.violation(report),
  });
}

function* around(positions: readonly Position[], slice: Slice): Generator<Position> {
  while (positions.length > 0) {
    for (const position of positions) {
      if (slice.over()) return;
      yield position;
    }
  }
}

async function runLane(slice: Slice, attempts: Attempts, next: Iterable<Position>): Promise<void> {
  for (const { walk, fault, at } of next) {
    const outcome = await walk.attempt(attempts, fault, at);
    slice.count(outcome === 'met' ? 'positions' : 'not reached');
  }
}
