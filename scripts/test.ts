/**
 * `npm test`: types, lint, format, then every test file. All steps run even when one fails, so that one run shows
 * everything there is to mend; the exit code is 1 if any failed.
 *
 *   npm test                                 everything
 *   npm test -- tests/compat/get-object.test.ts   these test files (or glob patterns) and nothing else
 *   npm test -- --only types,lint            these steps and nothing else
 */

import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { closingLines } from './closing-lines.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');
const TEST_FILES = ['packages', 'tests', 'scripts', 'benchmarks'].map((folder) => `${folder}/**/*.test.ts`);
/** One test may wait for slow clients and restarts; one that takes longer than this hangs. */
const TEST_TIMEOUT_MS = 240_000;
/** Most tests wait for a server's answer: two at once use two cores, and more starve each other's servers. */
const TEST_PROCESSES = Math.max(2, Math.min(4, availableParallelism()));

interface Step {
  readonly name: string;
  readonly title: string;
  run(files: readonly string[]): Promise<boolean>;
}

const STEPS: readonly Step[] = [
  { name: 'types', title: 'Types (tsc)', run: () => node(['node_modules/typescript/bin/tsc']) },
  { name: 'lint', title: 'Lint (oxlint, type-aware)', run: () => node(['node_modules/oxlint/bin/oxlint']) },
  {
    name: 'format',
    title: 'Format (oxfmt --check)',
    run: () => node(['node_modules/oxfmt/bin/oxfmt', '--check']),
  },
  { name: 'unit', title: 'Tests (node --test)', run: runTests },
];

async function runTests(patterns: readonly string[]): Promise<boolean> {
  const files = globSync(patterns.length > 0 ? [...patterns] : TEST_FILES, {
    cwd: ROOT,
    exclude: ['**/node_modules/**'],
  });
  if (files.length === 0) {
    console.error(`No test file matches ${patterns.join(' ')}`);
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cistern-test-'));
  try {
    const tap = join(folder, 'tests.tap');
    const passed = await node([
      '--test',
      `--test-concurrency=${TEST_PROCESSES}`,
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      `--test-reporter-destination=${tap}`,
      ...files.sort(),
    ]);
    console.log(closingLines(readFileSync(tap, 'utf8')));
    return passed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node.js in the repository with our tools in PATH. Resolves to whether it succeeded. */
function node(args: readonly string[]): Promise<boolean> {
  const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}` };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code === 0));
  });
}

function chooseSteps(only: string | undefined, files: readonly string[]): readonly Step[] {
  if (only === undefined) return files.length > 0 ? STEPS.filter((step) => step.name === 'unit') : STEPS;
  const names = only.split(',');
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    throw new Error(`There is no step ${unknown}. Steps: ${STEPS.map((step) => step.name).join(', ')}`);
  }
  return STEPS.filter((step) => names.includes(step.name));
}

const { values, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true });
const results: { title: string; passed: boolean; duration_s: number }[] = [];
for (const step of chooseSteps(values.only, positionals)) {
  console.log(`\n=== ${step.title}`);
  const started = performance.now();
  const passed = await step.run(positionals);
  const duration_s = (performance.now() - started) / 1000;
  results.push({ title: step.title, passed, duration_s });
}

console.log('');
for (const { title, passed, duration_s } of results) {
  console.log(`${passed ? 'passed' : 'FAILED'}  ${duration_s.toFixed(1).padStart(6)} s  ${title}`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
