/** Azurite, Azure's storage emulator, as a process of its own on a free port and with its data in memory. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientTarget } from './clients/client.ts';

/** Azurite's own, which its manual prints: good for nothing else. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const START_MS_MAX = 30_000;
const MEMORY_MB = 8000;

export interface RunningAzurite {
  readonly target: ClientTarget;
  stop(): Promise<void>;
}

export async function startAzurite(container: string): Promise<RunningAzurite> {
  const require = createRequire(new URL('../../tests/peers/package.json', import.meta.url));
  const main = join(dirname(require.resolve('azurite/package.json')), 'dist/src/blob/main.js');
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      main,
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      `${port}`,
      '--inMemoryPersistence',
      '--extentMemoryLimit',
      `${MEMORY_MB}`,
      '--silent',
      '--skipApiVersionCheck',
      '--disableTelemetry',
    ],
    { stdio: 'ignore' },
  );
  const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
  const target: ClientTarget = {
    endpoint,
    accessKeyId: ACCOUNT,
    secretAccessKey: KEY,
    region: '',
    bucket: container,
  };
  for (let waited = 0; ; waited += 50) {
    if (child.exitCode !== null || waited > START_MS_MAX) {
      child.kill('SIGKILL');
      throw new Error('Azurite did not start');
    }
    if (await answers(endpoint)) break;
    await delay(50);
  }
  return {
    target,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
