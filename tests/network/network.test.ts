/** @module The short form of bad networks: a round of each kind. The long form is `npm run prove -- network`. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { runCampaign } from './campaign.ts';

const seed = process.env['NETWORK_SEED'] ?? String(randomInt(2 ** 31));
const skip = process.platform === 'linux' ? false : 'what a process holds open is read from Linux’s /proc';

test(
  `others are served while clients stall, are cut, or never read, and nothing is left of those (NETWORK_SEED=${seed})`,
  { skip },
  async () => {
    const violations: string[] = [];
    await runCampaign({
      seed,
      over: () => true,
      count: () => undefined,
      violation: (report) => violations.push(report),
      log: () => undefined,
      small: true,
    });
    assert.deepEqual(violations, []);
  },
);
