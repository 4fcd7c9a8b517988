/** @module The short form of fuzzing: some inputs of every target. FUZZ_SEED replays a failure; the long form is `npm run prove -- fuzz`. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { suite, test } from 'node:test';

import { Engine } from './engine.ts';
import type { FuzzTarget } from './target.ts';
import { must } from './target.ts';
import { TARGETS } from './targets.ts';

/** Of one target: enough to find what was broken lately, and of slow ones as many as there is time for. */
const INPUTS = 500;
const TARGET_MS = 150;
const BATCH = 10;

const seed = process.env['FUZZ_SEED'] ?? String(randomInt(2 ** 31));
console.log(`fuzzing: FUZZ_SEED=${seed}`);

async function reportsOf(target: FuzzTarget, inputs = INPUTS, from = seed): Promise<string[]> {
  const reports: string[] = [];
  const engine = await Engine.open(target, from, {
    violation: (_, input, report) => reports.push(`${JSON.stringify(input.toString('latin1'))}: ${report}`),
  });
  await engine.runSeeds();
  const end = performance.now() + TARGET_MS;
  const isDone = (): boolean => reports.length > 0 || (inputs === INPUTS && performance.now() > end);
  for (let done = 0; done < inputs && !isDone(); done += BATCH) await engine.run(BATCH);
  return reports;
}

suite(`whatever the bytes are (FUZZ_SEED=${seed})`, () => {
  for (const target of TARGETS) {
    test(target.name, async () => {
      assert.deepEqual(await reportsOf(target), []);
    });
  }
});

suite('fuzzing finds', () => {
  const broken = (run: FuzzTarget['run']): FuzzTarget => ({
    name: 'broken',
    seeds: () => [Buffer.from('a=1\nb=2')],
    tokens: ['='],
    bytesMax: 4096,
    slowMs: 3,
    run,
  });

  test('what throws something else, gives something else, or takes memory or time out of all proportion', async () => {
    const cases: [FuzzTarget['run'], RegExp][] = [
      [(input) => void (input.includes('==') && decodeURIComponent('%')), /URIError/],
      [(input) => must(!input.includes('a=1\na=1'), 'a line twice'), /a line twice/],
      [(input) => void Buffer.allocUnsafe(input.length > 20 ? 2 ** 28 : 0), /allocate 268435456/],
      [(input) => quadratic(input), /take \d+ ms/],
    ];
    for (const [run, expected] of cases) {
      const reports = await reportsOf(broken(run), 20_000, '1');
      assert.match(reports.join('\n'), expected);
    }
  });
});

/** As a pattern that goes back and forth would: long inputs alone show it. */
function quadratic(input: Buffer): void {
  let odd = 0;
  for (let step = 0; input.length > 3000 && step < 3e7; step++) odd += step & 1;
  must(odd >= 0, 'never');
}
