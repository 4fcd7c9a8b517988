/** @module The load of the soak for some hundred operations: every answer is as it has to be. `npm run prove:soak` goes on for hours. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { expectSound } from '../model/sound.ts';
import { launchServer } from '../support/server-process.ts';
import { runLoad, USERS } from './load.ts';
import { needsProcFiles, takeSample } from './samples.ts';

const OPERATIONS = 250;

test('four users get the answers that they should', { skip: needsProcFiles }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-soak-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await launchServer({
    dataDir,
    arguments: ['--threads', '2'],
    env: { CISTERN_USERS: JSON.stringify(USERS) },
  });
  after(() => server.kill());
  const seed = String(randomInt(2 ** 31));
  const wrong: string[] = [];
  let operations = 0;
  await runLoad({
    server,
    seed,
    rate: Infinity,
    over: () => operations >= OPERATIONS,
    onOperation: () => operations++,
    onWrong: (report) => wrong.push(report),
  });
  assert.deepEqual(wrong, [], `seed ${seed}`);
  await expectSound(server.s3);
  const sample = await takeSample(server.child.pid as number, dataDir, 0);
  for (const [name, value] of Object.entries(sample)) assert.ok(value >= 0, name);
  assert.ok(sample.rss > 50 && sample.descriptors > 10 && sample.threads > 4);
  assert.equal(server.log(), '');
});
