/** @module One slice of one proof: its clock, its counts, what is told of it meanwhile, and its line in the ledger. */

import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { inspect } from 'node:util';

import { recordSlice } from './ledger.ts';
import type { ProofEntry } from './proof.ts';

/** How often it says how far it is. */
const TELL_MS = 30_000;

export interface SliceOptions {
  readonly seconds: number;
  readonly units: number | undefined;
  readonly seed: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly record: boolean;
}

/** @returns whether it ran, and nothing was violated */
export async function runSlice(entry: ProofEntry, options: SliceOptions): Promise<boolean> {
  const { aims, needs, run } = await entry.load();
  if (typeof needs === 'string') {
    console.log(`${entry.name}: cannot run here: ${needs}`);
    return false;
  }
  const seed = options.seed ?? String(randomInt(2 ** 31));
  const counts = new Map<string, number>();
  const [unit = ''] = Object.keys(aims);
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const said = (line: string): void =>
    console.log(`${entry.name} ${elapsed().toFixed(0).padStart(5)} s: ${line}`);
  const figures = (): string =>
    [...counts].map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`).join(', ') ||
    'nothing yet';
  let violations = 0;
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    said('ending after what is under way');
  };
  const violation = (report: string): void => {
    violations++;
    said(`VIOLATION\n${report}\n  again: npm run prove -- ${entry.name} --seed ${seed}`);
  };
  process.once('SIGINT', interrupt);
  const teller = setInterval(() => said(figures()), TELL_MS);
  said(`--seed ${seed}`);
  try {
    await run({
      seed,
      settings: options.settings,
      over: () =>
        interrupted ||
        elapsed() >= options.seconds ||
        (options.units !== undefined && (counts.get(unit) ?? 0) >= options.units),
      count: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
      violation,
      log: said,
    });
  } catch (error) {
    // Whatever was counted before is told and recorded, too.
    violation(`the proof has stopped: ${inspect(error)}`);
  } finally {
    clearInterval(teller);
    process.off('SIGINT', interrupt);
  }
  said(`${figures()}, ${violations} violations`);
  if (options.record) {
    recordSlice({
      proof: entry.name,
      on: new Date().toISOString().slice(0, 10),
      commit: commitOfCode(),
      seed,
      seconds: Math.round(elapsed()),
      aims,
      counts: Object.fromEntries(counts),
      violations,
    });
  }
  return violations === 0;
}

function commitOfCode(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'packages') !== '';
    return `${git('rev-parse', '--short=9', 'HEAD')}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
