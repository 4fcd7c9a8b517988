/**
 * @module The server against the model: some 10,000 random steps. `npm run prove:model` goes on as long as it is told, and
 * replays a failure.
 */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';

import { startTestServer } from '../support/server.ts';
import { runModel } from './run.ts';
import { expectNothingLeft } from './sound.ts';

// Two HTTP threads: what one has answered the other must know.
const { s3 } = await startTestServer({ threads: 2 });

test('whatever is done, the server holds what S3 would hold', async () => {
  const seed = randomInt(2 ** 31);
  let steps = 0;
  const { failure } = await runModel({
    s3,
    seed,
    lanes: 8,
    inspectSteps: 4000,
    over: () => steps >= 10_000,
    onStep: () => void steps++,
  });
  if (failure !== undefined)
    assert.fail(`replay: npm run prove:model -- ${failure.replay}\n${failure.report}`);
  await expectNothingLeft(s3);
});
