/**
 * @module The long form of scarce resources: each in turn, or one, by a word of its name: `--set only=clock`. `--set lanes=N`: so
 * many at once, each with a server of its own.
 */

import type { Proof, Slice } from '../../proof/proof.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** Most of their time is waited. */
const LANES = 5;

export const proof: Proof = {
  aims: { shortages: 500 },
  needs: SCENARIOS.map(({ needs }) => needs).find((needs) => needs !== false) ?? false,
  run: async (slice) => {
    const only = slice.settings.get('only') ?? '';
    const chosen = SCENARIOS.filter(({ name }) => name.includes(only));
    if (chosen.length === 0)
      throw new Error(`--set only= takes a word of: ${SCENARIOS.map(({ name }) => name).join('; ')}`);
    const next = turns(chosen, slice);
    const lanes = Number(slice.settings.get('lanes') ?? LANES);
    await Promise.all(Array.from({ length: lanes }, () => runLane(slice, next)));
  },
};

function* turns(chosen: readonly Scenario[], slice: Slice): Generator<[Scenario, string]> {
  for (let turn = 0; ; turn++) {
    for (const scenario of chosen) {
      if (slice.over()) return;
      yield [scenario, `${slice.seed} ${turn}`];
    }
  }
}

async function runLane(slice: Slice, next: Iterable<[Scenario, string]>): Promise<void> {
  for (const [{ name, run }, seed] of next) {
    try {
      await run(seed);
      slice.count('shortages');
    } catch (error) {
      slice.violation(`${name}, seed ${seed}: ${(error as Error).stack}`);
    }
  }
}
