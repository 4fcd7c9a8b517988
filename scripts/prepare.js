/**
 * Run by `npm ci` (the script `prepare`): joins the sources into a bundle, and lets the server serve once, in a temporary
 * directory, so that its compiled code is kept. A first start without it takes three times as long, and half as much
 * memory again for as long as it runs: each thread would load the TypeScript stripper. A server that cannot start yet, or a
 * bundler that was not installed, is no failure of the installation. Plain JavaScript, because an old Node.js must be
 * able to read it.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../packages/cistern/bin/cistern.js', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../packages/cistern/dist/bundle', import.meta.url));
const PROTOCOL = new URL('../packages/protocol/src/index.ts', import.meta.url).href;
const TIME_MS_MAX = 20_000;
/** Enough for the thread that hashes large objects to be started. */
const BODY = Buffer.alloc(2 * 1024 * 1024);

async function joinSources() {
  const { bundle } = await import('./bundle.ts');
  const modules = { folder: '../../src', extension: '.ts' };
  await bundle({ outDir: BUNDLE, modules, sourcesMayChange: true });
}

async function serveOnce() {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-prepare-'));
  const credentials = { accessKeyId: 'prepare', secretAccessKey: randomBytes(20).toString('hex') };
  const child = spawn(
    process.execPath,
    [LAUNCHER, 'serve', '--host', '127.0.0.1', '--port', '0', '--data', directory],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        ...process.env,
        CISTERN_ACCESS_KEY_ID: credentials.accessKeyId,
        CISTERN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    },
  );
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), TIME_MS_MAX);
  try {
    await exercise(await endpointOf(child), credentials);
  } finally {
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
    rmSync(directory, { recursive: true, force: true });
  }
}

function endpointOf(child) {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => {
      printed += bytes;
      const [url] = /http:\/\/[a-z0-9.]+:\d+/.exec(printed) ?? [];
      if (url !== undefined) resolve(new URL(url));
    });
    child.once('exit', () => reject(new Error('The server did not start')));
  });
}

async function exercise(endpoint, credentials) {
  const { signRequest } = await import(PROTOCOL);
  for (const [method, target, body] of [
    ['PUT', '/prepare'],
    ['PUT', '/prepare/small', BODY.subarray(0, 1000)],
    ['PUT', '/prepare/large', BODY],
    ['GET', '/prepare/small'],
    ['GET', '/prepare/large'],
    ['GET', '/prepare?list-type=2'],
    ['DELETE', '/prepare/small'],
  ]) {
    const { headers } = signRequest({
      method,
      target,
      headers: [['host', endpoint.host]],
      payload: 'UNSIGNED-PAYLOAD',
      credentials,
      region: 'us-east-1',
      now: Date.now(),
    });
    const answer = await fetch(new URL(target, endpoint), { method, headers, body });
    await answer.arrayBuffer();
  }
}

for (const step of [joinSources, serveOnce]) {
  try {
    await step();
  } catch {
    // `npm start` says what is wrong, and what to do; without a bundle the sources are run.
  }
}
