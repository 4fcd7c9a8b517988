/**
 * @module Runs of random steps against a server and the model, several at once, each in buckets of its own. A batch of runs
 * follows from its seed alone, and is what is replayed when one of them fails.
 */

import { randomBytes } from 'node:crypto';

import fc from 'fast-check';

import { expectStatus } from '../support/expect.ts';
import type { S3 } from '../support/s3.ts';
import { Bytes, PART_MIN } from './bytes.ts';
import type { Step } from './choices.ts';
import { Model } from './model.ts';
import type { Versioning } from './model.ts';
import type { Real } from './real.ts';
import { settle } from './settle.ts';
import { expectSound } from './sound.ts';
import { putVersioning } from './steps/bucket.ts';
import { anyStep } from './steps/index.ts';

const RUNS_IN_BATCH = 4;
/** The end of a run asks for all that is there: in longer ones less of the time goes into that, and shrinking takes longer. */
const STEPS_IN_RUN_MAX = 240;

const versioning = fc.constantFrom<Versioning>('never', 'never', 'enabled', 'suspended');
const run = (maxCommands: number): fc.Arbitrary<{ versionings: Versioning[]; steps: Iterable<Step> }> =>
  fc.record({
    versionings: fc.tuple(versioning, versioning),
    steps: fc.commands([anyStep], { maxCommands, size: 'max' }),
  });

/** A command knows whether it was come to. */
type TakenStep = Step & { readonly hasRan?: boolean };

export interface Failure {
  /** Arguments of `npm run prove:model` that make it happen again. */
  readonly replay: string;
  /** What it takes to fail, shrunk. */
  readonly report: string;
}

export interface ModelRuns {
  readonly failure: Failure | undefined;
}

export interface RunOptions {
  readonly s3: S3;
  /** Of the first batch; the next ones follow it. */
  readonly seed: number;
  /** Asked before each batch: whether it is not to begin. */
  readonly over: () => boolean;
  /** How many batches run at once. */
  readonly lanes: number;
  /** Of a run, at most; what its seed means depends on it. Default: 240. */
  readonly stepsInRun?: number;
  /** After so many the server checks itself, while the others go on. One check runs at a time. */
  readonly inspectSteps: number;
  /** Told of each step that was taken. */
  readonly onStep: () => void;
}

export async function runModel({
  s3,
  seed,
  over,
  lanes,
  stepsInRun = STEPS_IN_RUN_MAX,
  inspectSteps,
  onStep,
}: RunOptions): Promise<ModelRuns> {
  const part = await makePart(s3);
  const state = {
    next: seed,
    taken: 0,
    inspectAt: inspectSteps,
    failed: false,
    failure: undefined as Failure | undefined,
  };
  const count = (): void => {
    state.taken++;
    onStep();
  };
  // While a failure is shrunk nothing else is begun.
  const fail = (): void => {
    state.failed = true;
  };
  const lane = async (): Promise<void> => {
    while (!over() && !state.failed) {
      const failure = await runBatch({ s3, part, seed: state.next++, stepsInRun, count, fail });
      state.failure ??= failure;
      if (state.taken < state.inspectAt || state.failed) continue;
      state.inspectAt = Infinity;
      try {
        await expectSound(s3);
        state.inspectAt = state.taken + inspectSteps;
      } catch (error) {
        fail();
        state.failure ??= { replay: `--seed ${seed}`, report: String(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { failure: state.failure };
}

interface Batch {
  readonly s3: S3;
  readonly part: string;
  readonly seed: number;
  readonly stepsInRun: number;
  readonly count: () => void;
  readonly fail: () => void;
}

async function runBatch({ s3, part, seed, stepsInRun, count, fail }: Batch): Promise<Failure | undefined> {
  let first: unknown;
  const property = fc.asyncProperty(run(stepsInRun), async ({ versionings, steps }) => {
    try {
      await runSteps({ s3, part, count }, versionings, steps);
    } catch (error) {
      first ??= error;
      fail();
      throw error;
    }
  });
  const result = await fc.check(property, { seed, numRuns: RUNS_IN_BATCH, endOnFailure: false });
  if (!result.failed) return undefined;
  const [{ versionings, steps }] = result.counterexample as [
    { versionings: Versioning[]; steps: Iterable<Step> },
  ];
  const report = [
    `buckets: ${versionings.join(', ')}`,
    ...[...steps].filter((step) => (step as TakenStep).hasRan).map((step) => `  ${step.toString()}`),
    String((result.errorInstance as Error | undefined)?.stack ?? result.errorInstance),
    // Another one than the shrunk one's when the server has stopped.
    `at first: ${String(first)}`,
  ].join('\n');
  return { replay: `--seed ${seed} --units 1 --set lanes=1 --set steps=${stepsInRun}`, report };
}

async function runSteps(
  { s3, part, count }: Omit<Batch, 'seed' | 'stepsInRun' | 'fail'>,
  versionings: readonly Versioning[],
  steps: Iterable<Step>,
): Promise<void> {
  const model = new Model(versionings);
  const buckets = await Promise.all(versionings.map(() => s3.freshBucket('model')));
  const real: Real = { s3, buckets, part, count };
  for (const [b, chosen] of versionings.entries())
    if (chosen !== 'never') await putVersioning(real, b, chosen);
  await fc.asyncModelRun(() => ({ model, real }), steps);
  await settle(model, real);
}

/** An object with the bytes of one part, to be copied from. @returns as a copy source */
async function makePart(s3: S3): Promise<string> {
  const bucket = `parts-${randomBytes(6).toString('hex')}`;
  expectStatus(await s3.bucket('PUT', bucket), 200);
  const bytes = Bytes.of({ offset: 0, size: PART_MIN });
  await s3.put(bucket, 'part', bytes.toBuffer(), { 'x-amz-checksum-crc32': bytes.crc32() });
  return `/${bucket}/part`;
}
