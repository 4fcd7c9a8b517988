/**
 * @module The long form of the model test. What fails is shrunk, and replayed by its own seed:
 * `npm run prove:model -- --seed S --units 1 --set lanes=1 --set steps=N`, where N is that of the report.
 */

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { startServer } from 'cistern';

import { dataIn } from '../proof/data-in.ts';
import type { Proof } from '../proof/proof.ts';
import { S3 } from '../support/s3.ts';
import { runModel } from './run.ts';
import { expectNothingLeft } from './sound.ts';

/** So many that a transaction serves several. */
const LANES = 24;
const STEPS_IN_RUN = 1000;
/** Each of these checks costs as much as two thousand steps. */
const INSPECT_STEPS = 20_000;

export const proof: Proof = {
  aims: { steps: 10_000_000 },
  run: async (slice) => {
    const dataDir = await mkdtemp(join(dataIn(slice), 'cistern-model-'));
    const server = await startServer({ threads: 2, dataDir });
    const { endpoint, credentials, region } = server;
    const s3 = new S3({ endpoint, credentials, region });
    const seed = batchSeed(slice.seed);
    try {
      const { failure } = await runModel({
        s3,
        seed,
        // A replay is of one batch, and nothing else may run beside it.
        lanes: Number(slice.settings.get('lanes') ?? LANES),
        stepsInRun: Number(slice.settings.get('steps') ?? STEPS_IN_RUN),
        inspectSteps: INSPECT_STEPS,
        over: () => slice.over(),
        onStep: () => slice.count('steps'),
      });
      if (failure === undefined) await expectNothingLeft(s3);
      else slice.violation(`replay: npm run prove:model -- ${failure.replay}\n${failure.report}`);
    } finally {
      await s3.close();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

/** A number is itself, so that the seed of a batch that failed replays that batch. */
function batchSeed(seed: string): number {
  return /^\d{1,9}$/.test(seed)
    ? Number(seed)
    : createHash('sha256').update(seed).digest().readUInt32LE() >>> 1;
}
