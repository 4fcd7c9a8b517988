/**
 * @module kill -9 under load: every acknowledged write is there afterwards, whole; of the others the old or the new state.
 * The long form is `npm run prove -- kill`.
 *
 * Rounds: `CISTERN_KILL_ROUNDS`, 8 by default. `CISTERN_KILL_SEED` replays a run's choices; what was in flight at the
 * moment of death is the system's. Each round works on what the rounds before have left.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { KillCycles } from './kill-cycles.ts';

const ROUNDS = Number(process.env['CISTERN_KILL_ROUNDS'] ?? 8);
const SEED = process.env['CISTERN_KILL_SEED'] ?? String(randomInt(2 ** 31));

test(`${ROUNDS} servers are killed, and nothing that they acknowledged is lost`, async (t) => {
  t.diagnostic(`CISTERN_KILL_SEED=${SEED}`);
  const violations: string[] = [];
  const cycles = await KillCycles.start({
    seed: SEED,
    dataIn: tmpdir(),
    logIn: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
    violation: (report) => void violations.push(report),
  });
  try {
    for (let round = 1; round <= ROUNDS && violations.length === 0; round++) await cycles.cycle();
    await cycles.finish();
  } catch (error) {
    await cycles.close();
    throw error;
  }
  assert.deepEqual(violations, []);
  assert.ok(cycles.acknowledged >= ROUNDS * 20, `the load never got going: ${cycles.acknowledged}`);
  t.diagnostic(`${cycles.acknowledged} acknowledged writes, 0 lost`);
});
