/** @module The long form of kill -9 at random. */

import { tmpdir } from 'node:os';

import { dataIn } from '../proof/data-in.ts';
import type { Proof } from '../proof/proof.ts';
import { KillCycles } from './kill-cycles.ts';

/** Cycles on one directory. */
const CYCLES_MAX = 500;

export const proof: Proof = {
  aims: { kills: 10_000, 'acknowledged writes': 1_000_000 },
  run: async (slice) => {
    for (let series = 1; !slice.over(); series++) {
      const cycles = await KillCycles.start({
        seed: `${slice.seed} ${series}`,
        dataIn: dataIn(slice),
        logIn: tmpdir(),
        violation: (report) => slice.violation(report),
      });
      try {
        for (let cycle = 0; cycle < CYCLES_MAX && !slice.over(); cycle++) {
          slice.count('acknowledged writes', await cycles.cycle());
          slice.count('kills');
        }
        await cycles.finish();
      } catch (error) {
        await cycles.close();
        throw error;
      }
    }
  },
};
