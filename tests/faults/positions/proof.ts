/**
 * @module The long form of a fault at every position of every write path. A slice begins its seed's order anew, and goes
 * around when it is through. `--set walk=NAME` and `--set fault=NAME` tries these alone.
 */

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

import type { Proof } from '../../proof/proof.ts';
import { needsShim } from '../shim/shim.ts';
import { Attempts } from './attempts.ts';
import { planPositions, WALKS } from './plan.ts';

export const proof: Proof = {
  aims: { positions: 5_000 },
  needs: needsShim(),
  run: async (slice) => {
    const attempts = await Attempts.start({
      seed: slice.seed,
      dataIn: slice.settings.get('data') ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir()),
      logIn: tmpdir(),
      violation: (report) => slice.violation(report),
    });
    const [walk, fault] = [slice.settings.get('walk'), slice.settings.get('fault')];
    try {
      const walks = WALKS.filter(({ name }) => walk === undefined || name === walk);
      const positions = await planPositions(attempts, slice.seed, walks);
      slice.log(`${positions.length} positions on ${walks.length} paths`);
      while (!slice.over()) {
        for (const position of positions) {
          if (slice.over()) break;
          if (fault !== undefined && position.fault.name !== fault) continue;
          const outcome = await position.walk.attempt(attempts, position.fault, position.at);
          slice.count(outcome === 'met' ? 'positions' : 'not reached');
        }
      }
    } finally {
      await attempts.close();
    }
  },
};
