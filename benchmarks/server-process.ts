/**
 * @module Starts this repository's server as a child process, on a free port and a directory of its own.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { firstAnswer } from './first-answer.ts';
import type { Target } from './target.ts';

const LAUNCHER = fileURLToPath(new URL('../packages/cistern/bin/cistern.js', import.meta.url));
const START_MS_MAX = 15_000;
const STOP_MS_MAX = 20_000;
const POLL_MS = 5;

export interface OwnServer {
  target: Target;
  /** ends the server and removes its data */
  stop(): Promise<void>;
  /** as `stop`, for when the process must end at once */
  kill(): void;
}

export interface StartOptions {
  /** where a directory for this server is made, and removed when it ends; */
  parentDirectory?: string;
  /** or the directory to use, whose `data` may have been served before, and stays */
  directory?: string;
  /** further arguments of `cistern serve` */
  extraArguments: readonly string[];
}

/** Resolves when the server has answered a signed request; rejects with the end of its log otherwise. */
export async function startOwnServer(options: StartOptions): Promise<OwnServer> {
  const directory =
    options.directory ?? mkdtempSync(join(options.parentDirectory ?? tmpdir(), 'cistern-bench-'));
  const remove = () => {
    if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
  };
  const dataDirectory = join(directory, 'data');
  const logPath = join(directory, 'server.log');
  const accessKeyId = 'benchmark';
  const secretAccessKey = randomBytes(20).toString('hex');
  const started = performance.now();
  // Its log goes to a file, as in real use, and not through this process.
  const log = openSync(logPath, 'w');
  const child = spawn(
    process.execPath,
    [LAUNCHER, 'serve', '--port', '0', '--data', dataDirectory, ...options.extraArguments],
    {
      stdio: ['ignore', log, log],
      env: { ...process.env, CISTERN_ACCESS_KEY_ID: accessKeyId, CISTERN_SECRET_ACCESS_KEY: secretAccessKey },
    },
  );
  closeSync(log);
  const kill = () => {
    child.kill('SIGKILL');
    remove();
  };
  try {
    const endpoint = await endpointFrom(logPath, child);
    const target: Target = {
      name: 'cistern',
      endpoint,
      accessKeyId,
      secretAccessKey,
      region: 'us-east-1',
      dataDirectory,
      ...(child.pid !== undefined && { pid: child.pid }),
    };
    await firstAnswer(target, START_MS_MAX, () => child.exitCode !== null);
    target.startMilliseconds = performance.now() - started;
    return { target, kill, stop: () => stop(child).then(remove) };
  } catch (error) {
    const tail = readFileSync(logPath, 'utf8').slice(-2000);
    kill();
    throw new Error(`the server did not start:\n${tail}`, { cause: error });
  }
}

async function endpointFrom(logPath: string, child: ChildProcess): Promise<URL> {
  for (let waited = 0; waited < START_MS_MAX; waited += POLL_MS) {
    const url = /https?:\/\/[a-z0-9.[\]:-]+:\d+/i.exec(readFileSync(logPath, 'utf8'))?.[0];
    if (url !== undefined) return new URL(url);
    if (child.exitCode !== null) throw new Error(`ended with code ${child.exitCode}`);
    await delay(POLL_MS);
  }
  throw new Error(`printed no endpoint within ${START_MS_MAX} ms`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}
