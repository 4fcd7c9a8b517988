/**
 * @module Runs the server that does nothing beside the benchmark.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Sink {
  endpoint: URL;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./server.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { endpoint: new URL(`http://127.0.0.1:${Number(line.toString())}`), stop: () => child.kill() };
}
