/** @module The long form of hostile requests. */

import { existsSync } from 'node:fs';

import type { Proof } from '../proof/proof.ts';
import { runCampaign } from './campaign.ts';

export const proof: Proof = {
  aims: { requests: 200_000 },
  needs: existsSync('/proc/self/schedstat') ? false : 'the CPU time of threads is read from Linux’s /proc',
  run: (slice) =>
    runCampaign({
      seed: slice.seed,
      over: () => slice.over(),
      count: (name, by) => slice.count(name, by),
      violation: (report) => slice.violation(report),
      log: (line) => slice.log(line),
    }),
};
