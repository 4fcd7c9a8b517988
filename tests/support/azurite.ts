/** Azurite, Azure's emulator, as a process of its own on a free port of this machine, in memory. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../peers/node_modules/azurite/dist/src/blob/main.js', import.meta.url));

/** Why tests against Azurite cannot run, or `false`. */
export const withoutAzurite = !existsSync(MAIN) && 'Azurite is not installed: npm ci --prefix tests/peers';

export interface Azurite extends AsyncDisposable {
  /** with the account: `http://127.0.0.1:PORT/devstoreaccount1` */
  readonly endpoint: string;
  readonly account: string;
  readonly accountKey: string;
  stop(): Promise<void>;
}

/** @param flags more of Azurite's own */
export async function startAzurite(flags: readonly string[] = []): Promise<Azurite> {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-azurite-'));
  const child = spawn(
    process.execPath,
    [MAIN, '--blobPort', '0', '--inMemoryPersistence', '--silent', '--disableTelemetry', ...flags],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Azurite ended with ${code} before it listened`)));
    createInterface(child.stdout).on('line', (line) => {
      const [url] = /https?:\/\/127\.0\.0\.1:\d+/.exec(line.includes('successfully') ? line : '') ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    endpoint: `${origin}/devstoreaccount1`,
    account: 'devstoreaccount1',
    // Published with the emulator, and the same everywhere.
    accountKey: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
