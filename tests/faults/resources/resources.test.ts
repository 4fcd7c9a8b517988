/** @module A server that is short of something for a while: once of each kind. The long form is `npm run prove -- resources`. */

import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { SCENARIOS } from './scenarios.ts';

for (const { name, needs, run } of SCENARIOS) {
  test(name, { skip: needs }, async (t) => {
    const seed = process.env['CISTERN_RESOURCES_SEED'] ?? String(randomInt(2 ** 31));
    t.diagnostic(`CISTERN_RESOURCES_SEED=${seed}`);
    await run(seed);
  });
}
