/**
 * @module A fault at some positions of a few write paths; at every position of each it is `npm run prove -- positions`.
 * `CISTERN_POSITIONS_SEED` chooses the same ones again.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { needsShim } from '../shim/shim.ts';
import { Attempts } from './attempts.ts';
import { planPositions, WALKS } from './plan.ts';

const SEED = process.env['CISTERN_POSITIONS_SEED'] ?? String(randomInt(2 ** 31));
const POSITIONS = 8;

test(
  'a fault at any call of a write loses nothing and leaves nothing wrong',
  { skip: needsShim() },
  async (t) => {
    t.diagnostic(`CISTERN_POSITIONS_SEED=${SEED}`);
    const violations: string[] = [];
    const attempts = await Attempts.start({
      seed: SEED,
      dataIn: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
      logIn: tmpdir(),
      violation: (report) => void violations.push(report),
    });
    try {
      const names = ['PUT of a row', 'PUT of a file', 'append of a file', 'rename', 'multipart upload'];
      const walks = WALKS.filter(({ name }) => names.includes(name));
      const positions = await planPositions(attempts, SEED, walks);
      assert.ok(positions.length > 200, `${positions.length}`);
      const chosen = positions.slice(0, POSITIONS);
      const outcomes = [];
      for (const { walk, fault, at } of chosen) outcomes.push(await walk.attempt(attempts, fault, at));
      assert.ok(outcomes.includes('met'), outcomes.join(' '));
    } finally {
      await attempts.close();
    }
    assert.deepEqual(violations, []);
  },
);
