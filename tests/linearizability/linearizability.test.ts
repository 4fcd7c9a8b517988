/**
 * @module A few short histories of many clients on few keys, one with a kill: each is linearizable. `npm run
 * prove:linearizability` goes on as long as it is told.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { startFleet } from './fleet.ts';
import { Recorder } from './recorder.ts';
import { explain } from './verdict.ts';

const HISTORIES = 5;

test('what many clients at once are answered can have happened one after another', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-lines-'));
  const fleet = await startFleet(dataDir);
  after(async () => {
    await fleet.server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  const seed = randomInt(2 ** 31);
  for (let history = 0; history < HISTORIES; history++) {
    // Both kinds of buckets.
    const shape = { clients: 16, operations: 400, rounds: 8, kills: history === 1 ? 1 : 0 };
    const recorded = await new Recorder(fleet, shape, `${seed} ${history}`, {
      versioned: history % 3 === 1,
    }).run();
    assert.equal(explain(recorded), undefined, `seed ${seed} ${history}`);
  }
});
