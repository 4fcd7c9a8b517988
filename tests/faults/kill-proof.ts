/** @module The long form of kill -9 at random. `--set lanes=N`: so many servers at once, each with its own oracle. */

import { tmpdir } from 'node:os';

import { dataIn } from '../proof/data-in.ts';
import type { Proof, Slice } from '../proof/proof.ts';
import { KillCycles } from './kill-cycles.ts';

/** Cycles on one directory. */
const CYCLES_MAX = 500;
/** A server that starts keeps no more than one core busy. */
const LANES = 2;

export const proof: Proof = {
  aims: { kills: 10_000, 'acknowledged writes': 1_000_000 },
  run: async (slice) => {
    const lanes = Number(slice.settings.get('lanes') ?? LANES);
    await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(slice, lane)));
  },
};

async function runLane(slice: Slice, lane: number): Promise<void> {
  for (let series = 1; !slice.over(); series++) {
    const cycles = await KillCycles.start({
      seed: `${slice.seed} ${lane} ${series}`,
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
}
