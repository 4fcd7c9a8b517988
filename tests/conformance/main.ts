/**
 * `npm run conformance -- PATH_OF_SUITE`: runs Ceph's s3-tests, a checkout of which must be there already, against a
 * server of our own, and prints what each test said and a table by group. It fetches nothing. The exit code is 0 when
 * everything is as expected.
 *
 *   --endpoint URL      a server that runs already instead of our own; with
 *   --main KEY,SECRET   the user who owns the buckets there (nothing else may be in them: the suite empties them)
 *   --alt KEY,SECRET    another user; default: the same, and tests that need two fail
 *   --region NAME       default: eu-west-1
 *   --workers N         processes of the suite at once, default 4; with --endpoint 1, as their users would be the same
 *   --json FILE         counts by group, and every test's outcome
 *   --write             the table into docs/s3-compatibility.md (a whole run on our own server)
 *   --python PATH       the suite's Python; default: venv/bin/python or .venv/bin/python in the suite, else python3
 *   --keyword EXPR      only the tests that match, as pytest's -k
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startServer } from 'cistern';

import { EXPECTED_FAILURES } from './expected-failures.ts';
import { runSuite } from './pytest.ts';
import { report, verdictOf } from './report.ts';
import type { TestResult } from './results.ts';
import { givenUsers, REGION, suiteConfig, usersOf } from './suite-config.ts';
import { countGroups, groupTable, withTable } from './table.ts';

const PAGE = fileURLToPath(new URL('../../docs/s3-compatibility.md', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string' },
    main: { type: 'string' },
    alt: { type: 'string' },
    region: { type: 'string', default: REGION },
    workers: { type: 'string', default: '4' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    python: { type: 'string' },
    keyword: { type: 'string' },
  },
});
const suite = fromCaller(positionals[0] ?? '.');
if (positionals.length !== 1 || !existsSync(join(suite, 's3tests', 'functional'))) {
  throw new Error('Say where a checkout of s3-tests is: npm run conformance -- PATH_OF_SUITE');
}
if (values.endpoint !== undefined && values.main === undefined)
  throw new Error('--endpoint needs --main KEY,SECRET: the user that the suite works as');
if (values.write && (values.endpoint !== undefined || values.keyword !== undefined))
  throw new Error('--write is for a whole run on our own server');

const results = await (values.endpoint === undefined ? runOnOwn() : runOn(values.endpoint));
const table = groupTable(results, EXPECTED_FAILURES);
const { text, asExpected } = report(results, EXPECTED_FAILURES);
console.log(`${text}\n\n${table}`);
if (values.json !== undefined)
  writeFileSync(fromCaller(values.json), `${JSON.stringify(toJson(results), null, 2)}\n`);
if (values.write) writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8'), table));
process.exitCode = asExpected ? 0 : 1;

async function runOnOwn(): Promise<readonly TestResult[]> {
  const workers = Number(values.workers);
  if (!Number.isInteger(workers) || workers < 1) throw new Error('--workers takes a number from 1 on');
  const teams = Array.from({ length: workers }, (_, share) => usersOf(share));
  const { region } = values;
  const users = teams.flatMap((team) => [...team.values()]);
  const server = await startServer({ users, region, logLevel: 'error' });
  try {
    return await run(teams.map((team) => suiteConfig({ endpoint: server.endpoint, region }, team)));
  } finally {
    await server.close();
  }
}

function runOn(endpoint: string): Promise<readonly TestResult[]> {
  const main = values.main ?? '';
  return run([suiteConfig({ endpoint, region: values.region }, givenUsers(main, values.alt ?? main))]);
}

function run(configs: readonly string[]): Promise<readonly TestResult[]> {
  const { keyword, region } = values;
  const python = values.python === undefined ? undefined : fromCaller(values.python);
  return runSuite({ suite, python, keyword, region, configs });
}

function toJson(tests: readonly TestResult[]): unknown {
  return {
    groups: countGroups(tests, EXPECTED_FAILURES),
    tests: tests.map(({ name, message, ...test }) => ({
      name,
      verdict: verdictOf({ name, message, ...test }, EXPECTED_FAILURES),
      message,
    })),
  };
}

/** npm runs a script in the repository's folder, wherever it was called. */
function fromCaller(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', path);
}
