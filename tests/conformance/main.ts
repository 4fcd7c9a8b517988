/**
 * `npm run conformance -- PATH_OF_SUITE`: runs Ceph's s3-tests, a checkout of which must be there already, against a
 * server of our own and prints a table by test. It fetches nothing, and exits with 0 when everything is as expected.
 *
 *   --python PATH    the suite's Python; default: venv/bin/python or .venv/bin/python in the suite, else python3
 *   --keyword EXPR   only the tests that match, as pytest's -k
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startServer } from 'cistern';

import { EXPECTED_FAILURES } from './expected-failures.ts';
import { report } from './report.ts';
import { parseResults } from './results.ts';
import { REGION, SUITE_USERS, suiteConfig } from './suite-config.ts';

/** Those of the suite's files that are about S3; the others are about IAM, STS, SNS and S3 Select. */
const FILES = ['test_s3.py', 'test_headers.py'];
const PYTEST = ['-m', 'pytest', '-q', '-rN', '--no-header', '--tb=no', '--disable-warnings'];
const PLUGIN = fileURLToPath(new URL('./s3_tests_plugin.py', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: 'string' }, keyword: { type: 'string' } },
});
// npm runs a script in the repository's folder, wherever it was called.
const suite = resolve(process.env['INIT_CWD'] ?? '.', positionals[0] ?? '.');
const functional = join(suite, 's3tests', 'functional');
if (positionals.length !== 1 || !existsSync(functional)) {
  throw new Error('Say where a checkout of s3-tests is: npm run conformance -- PATH_OF_SUITE');
}

const folder = mkdtempSync(join(tmpdir(), 'cistern-conformance-'));
const server = await startServer({ users: SUITE_USERS, region: REGION, logLevel: 'error' });
try {
  const config = join(folder, 's3tests.conf');
  const output = join(folder, 'results.jsonl');
  writeFileSync(config, suiteConfig(server.endpoint));
  writeFileSync(output, '');
  await runPytest({
    S3TEST_CONF: config,
    CONFORMANCE_RESULTS: output,
    PYTHONPATH: dirname(PLUGIN),
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_DEFAULT_REGION: REGION,
    // Nothing of the user's own configuration may choose another service.
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const results = parseResults(readFileSync(output, 'utf8'));
  const { text, asExpected } = report(results, EXPECTED_FAILURES);
  console.log(text);
  process.exitCode = asExpected ? 0 : 1;
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Resolves when it has ended, however it did: what the tests said stands in their results. */
function runPytest(env: NodeJS.ProcessEnv): Promise<void> {
  const keyword = values.keyword === undefined ? [] : ['-k', values.keyword];
  const files = FILES.map((file) => join(functional, file));
  const child = spawn(findPython(), [...PYTEST, '-p', 's3_tests_plugin', ...keyword, ...files], {
    cwd: suite,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('exit', () => done());
  });
}

function findPython(): string {
  if (values.python !== undefined) return resolve(process.env['INIT_CWD'] ?? '.', values.python);
  const inSuite = ['venv', '.venv'].map((name) => join(suite, name, 'bin', 'python'));
  return inSuite.find((path) => existsSync(path)) ?? 'python3';
}
