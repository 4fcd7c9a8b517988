/** @module The long form of bad networks. */

import type { Proof } from '../proof/proof.ts';
import { needsDescriptors, runCampaign } from './campaign.ts';

export const proof: Proof = {
  aims: { connections: 100_000 },
  needs:
    process.platform === 'linux'
      ? needsDescriptors()
      : 'what a process holds open is read from Linux’s /proc',
  run: (slice) =>
    runCampaign({
      seed: slice.seed,
      over: () => slice.over(),
      count: (name, by) => slice.count(name, by),
      violation: (report) => slice.violation(report),
      log: (line) => slice.log(line),
      small: false,
    }),
};
