/** @module The long form of scarce resources: each in turn, or one, by a word of its name: `--set only=clock`. */

import type { Proof } from '../../proof/proof.ts';
import { SCENARIOS } from './scenarios.ts';

export const proof: Proof = {
  aims: { shortages: 500 },
  needs: SCENARIOS.map(({ needs }) => needs).find((needs) => needs !== false) ?? false,
  run: async (slice) => {
    const only = slice.settings.get('only') ?? '';
    const chosen = SCENARIOS.filter(({ name }) => name.includes(only));
    if (chosen.length === 0)
      throw new Error(`--set only= takes a word of: ${SCENARIOS.map(({ name }) => name).join('; ')}`);
    for (let turn = 0; !slice.over(); turn++) {
      for (const { name, run } of chosen) {
        if (slice.over()) return;
        const seed = `${slice.seed} ${turn}`;
        try {
          await run(seed);
          slice.count('shortages');
        } catch (error) {
          slice.violation(`${name}, seed ${seed}: ${(error as Error).stack}`);
        }
      }
    }
  },
};
