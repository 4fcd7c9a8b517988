/**
 * @module Parameters of property runs: a fresh seed that is printed, or the one in `FAST_CHECK_SEED` to replay a failure.
 */

import { randomInt } from 'node:crypto';

export function propertyRuns(name: string, numRuns: number): { seed: number; numRuns: number } {
  const given = process.env['FAST_CHECK_SEED'];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  console.log(`${name}: FAST_CHECK_SEED=${seed}, ${numRuns} runs`);
  return { seed, numRuns };
}
