/**
 * @module The long form of the model test. What fails is shrunk, and replayed by its own seed:
 * `npm run prove:model -- --seed S --units 1 --set lanes=1`.
 */

import { createHash } from 'node:crypto';

import { startServer } from 'cistern';

import type { Proof } from '../proof/proof.ts';
import { S3 } from '../support/s3.ts';
import { runModel } from './run.ts';
import { expectNothingLeft } from './sound.ts';

const LANES = 8;

export const proof: Proof = {
  aims: { steps: 10_000_000 },
  run: async (slice) => {
    const server = await startServer({ threads: 2 });
    const { endpoint, credentials, region } = server;
    const s3 = new S3({ endpoint, credentials, region });
    const seed = batchSeed(slice.seed);
    try {
      const { failure } = await runModel({
        s3,
        seed,
        // A replay is of one batch, and nothing else may run beside it.
        lanes: Number(slice.settings.get('lanes') ?? LANES),
        over: () => slice.over(),
        onStep: () => slice.count('steps'),
      });
      if (failure === undefined) await expectNothingLeft(s3);
      else slice.violation(`replay: npm run prove:model -- ${failure.replay}\n${failure.report}`);
    } finally {
      await s3.close();
      await server.close();
    }
  },
};

/** A number is itself, so that the seed of a batch that failed replays that batch. */
function batchSeed(seed: string): number {
  return /^\d{1,9}$/.test(seed)
    ? Number(seed)
    : createHash('sha256').update(seed).digest().readUInt32LE() >>> 1;
}
