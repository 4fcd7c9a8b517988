/**
 * The compatibility tests of a server whose blobs are in a service that is not ours: in an S3 server, and in Azure's
 * emulator. Those of bodies; with `CISTERN_COMPAT_ALL=1` (`npm run prove:blobs`) all of them.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { azureService } from '@cistern/store/azure';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OF_BODIES = [
  'append-object',
  'complete-multipart-upload',
  'copy-object',
  'get-object',
  'live-read',
  'put-object',
  'upload-part-copy',
  'versions',
];
const names = process.env['CISTERN_COMPAT_ALL'] === undefined ? OF_BODIES : ['*'];
const files = names.flatMap((name) => globSync(`tests/compat/${name}.test.ts`, { cwd: ROOT }));

/** Runs the files, and fails with what failed. */
async function passes(environment: Readonly<Record<string, string>>): Promise<void> {
  // A runner in a runner's test would report to it.
  const { NODE_TEST_CONTEXT: _context, ...inherited } = process.env;
  const runner = spawn(
    process.execPath,
    ['--test', '--test-concurrency=2', '--test-reporter=tap', '--test-timeout=120000', ...files],
    { cwd: ROOT, env: { ...inherited, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(runner, 'exit') as Promise<[number | null]>;
  const tap = await text(runner.stdout);
  const [code] = await ended;
  const failed = tap.split('\n').filter((line) => /^\s*not ok/.test(line));
  assert.deepEqual(failed, []);
  assert.equal(code, 0);
  assert.match(tap, /^# pass [1-9]/m);
}

test('in an S3 server that is not ours', { skip: needsS3rver, timeout: 900_000 }, async () => {
  const other = await startS3rver(['blobs']);
  try {
    await passes({
      AWS_ACCESS_KEY_ID: other.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: other.credentials.secretAccessKey,
      CISTERN_TEST_BLOBS: `s3://blobs/FOLDER?endpoint=${encodeURIComponent(other.endpoint)}`,
    });
  } finally {
    await other.close();
  }
});

test('in Azure’s emulator', { skip: withoutAzurite, timeout: 900_000 }, async () => {
  await using azurite = await startAzurite();
  const { endpoint, account, accountKey } = azurite;
  await using service = azureService({ endpoint, account, accountKey });
  await service.createBucket('blobs');
  await passes({
    AZURE_STORAGE_ACCOUNT: account,
    AZURE_STORAGE_KEY: accountKey,
    CISTERN_TEST_BLOBS: `az://blobs/FOLDER?endpoint=${encodeURIComponent(endpoint)}`,
  });
});
