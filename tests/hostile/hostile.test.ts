/** @module The short form of hostile requests. HOSTILE_SEED replays a run’s choices; the long form is `npm run prove -- hostile`. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { runCampaign } from './campaign.ts';
import { proof } from './proof.ts';

const REQUESTS = 3000;
/** On a machine that is busy with others it is over sooner. */
const TIME_MS = 5000;

const seed = process.env['HOSTILE_SEED'] ?? String(randomInt(2 ** 31));

test(
  `spoilt requests neither break nor stall the server (HOSTILE_SEED=${seed})`,
  { skip: proof.needs },
  async () => {
    const counts = new Map<string, number>();
    const violations: string[] = [];
    let end = Infinity;
    await runCampaign({
      seed,
      over: () => (counts.get('requests') ?? 0) >= REQUESTS || performance.now() > end,
      count: (name, by = 1) => {
        // Counted from the first request on: the start is not theirs.
        if (name === 'requests' && end === Infinity) end = performance.now() + TIME_MS;
        counts.set(name, (counts.get(name) ?? 0) + by);
      },
      violation: (report) => violations.push(report),
      log: () => undefined,
    });
    console.log(`HOSTILE_SEED=${seed}: ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`);
    assert.deepEqual(violations, []);
    for (const name of ['answers 2xx', 'answers 4xx', 'canary requests'])
      assert.ok((counts.get(name) ?? 0) > 0, `there are no ${name}`);
  },
);
