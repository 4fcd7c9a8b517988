/** Runs the suite in several processes of pytest at once, a share of its tests in each. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseResults } from './results.ts';
import type { TestResult } from './results.ts';

/** Those of the suite's files that are about S3; the others are about IAM, STS, SNS and S3 Select. */
const FILES = ['test_s3.py', 'test_headers.py'];
const PYTEST = ['-m', 'pytest', '-q', '-rN', '--no-header', '--tb=no', '--disable-warnings'];
const PLUGIN = fileURLToPath(new URL('./s3_tests_plugin.py', import.meta.url));

export interface SuiteRun {
  /** Of a checkout of the suite. */
  readonly suite: string;
  readonly python: string | undefined;
  /** As pytest's `-k`. */
  readonly keyword: string | undefined;
  readonly region: string;
  /** The suite's configuration of each process. */
  readonly configs: readonly string[];
}

/** Resolves when all have ended, however they did: what the tests said stands in the results. */
export async function runSuite({
  suite,
  python,
  keyword,
  region,
  configs,
}: SuiteRun): Promise<readonly TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-conformance-'));
  const output = (share: number): string => join(folder, `results-${share}.jsonl`);
  const files = FILES.map((file) => join(suite, 's3tests', 'functional', file));
  const selection = keyword === undefined ? [] : ['-k', keyword];
  const command = python ?? findPython(suite);
  try {
    const runs = configs.map((config, share) => {
      const path = join(folder, `s3tests-${share}.conf`);
      writeFileSync(path, config);
      writeFileSync(output(share), '');
      const env = {
        S3TEST_CONF: path,
        CONFORMANCE_RESULTS: output(share),
        CONFORMANCE_SHARE: `${share}/${configs.length}`,
        PYTHONPATH: dirname(PLUGIN),
        PYTHONDONTWRITEBYTECODE: '1',
        AWS_DEFAULT_REGION: region,
        // Nothing of the user's own configuration may choose another service.
        AWS_CONFIG_FILE: join(folder, 'none'),
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
        AWS_EC2_METADATA_DISABLED: 'true',
      };
      const child = spawn(
        command,
        [...PYTEST, '-p', 's3_tests_plugin', '-p', 'no:cacheprovider', ...selection, ...files],
        {
          cwd: suite,
          env: { ...process.env, ...env },
          stdio: ['ignore', 'inherit', 'inherit'],
        },
      );
      return new Promise<void>((done, failed) => {
        child.on('error', failed);
        child.on('exit', () => done());
      });
    });
    await Promise.all(runs);
    return parseResults(configs.map((_, share) => readFileSync(output(share), 'utf8')).join(''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findPython(suite: string): string {
  const inSuite = ['venv', '.venv'].map((name) => join(suite, name, 'bin', 'python'));
  return inSuite.find((path) => existsSync(path)) ?? 'python3';
}
