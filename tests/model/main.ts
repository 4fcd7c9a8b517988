/**
 * @module `npm run prove:model -- --steps N --seed S`: the long form of the model test. Prints its seed, its speed, and of a
 * failure what it takes to fail and the seed that replays it.
 *
 *   --steps N   steps to take, default 1,000,000; the batch that begins is taken to its end
 *   --seed S    default: any; with `--steps 1` a single batch, which is how a failure is replayed
 *   --lanes L   batches at once, default 8
 */

import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { startServer } from 'cistern';

import { S3 } from '../support/s3.ts';
import { runModel } from './run.ts';
import { expectNothingLeft } from './sound.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    lanes: { type: 'string', default: '8' },
  },
});
const steps = wholeNumber('steps', values.steps);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed);
// A replay is of one batch, and nothing else may run beside it.
const lanes = steps === 1 ? 1 : wholeNumber('lanes', values.lanes);

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new Error(`--${name} takes a whole number, not ${value}`);
  return Number(value);
}

const server = await startServer({ threads: 2 });
const s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: server.region });
const began = performance.now();
const rate = (taken: number): string => {
  const seconds = (performance.now() - began) / 1000;
  return `${taken} steps in ${seconds.toFixed(0)} s, ${(taken / seconds).toFixed(0)} a second`;
};
console.log(`seed ${seed}, ${steps} steps, ${lanes} at once`);
try {
  const result = await runModel({ s3, seed, steps, lanes, onProgress: (taken) => console.log(rate(taken)) });
  console.log(rate(result.steps));
  if (result.failure === undefined) {
    await expectNothingLeft(s3);
    console.log('server and model agree, and nothing is left over');
  } else {
    console.log(`\nFAILED. Replay: npm run prove:model -- ${result.failure.replay}`);
    console.log(result.failure.report);
    process.exitCode = 1;
  }
} finally {
  await s3.close();
  await server.close();
}
