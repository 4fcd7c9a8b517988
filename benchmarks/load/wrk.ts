/**
 * @module The native load generator wrk, driven through wrk.lua; and its LuaJIT, for HEAD, through head.lua.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ReplayOptions, ReplayResult } from './replay.ts';

const REPLAY_SCRIPT = fileURLToPath(new URL('./wrk.lua', import.meta.url));
const HEAD_SCRIPT = fileURLToPath(new URL('./head.lua', import.meta.url));

interface ScriptResult {
  requests: number;
  microseconds: number;
  errors: number;
  p50: number;
  p99: number;
  issuedByEachThread: number;
}

/** Runs wrk; rejects when it cannot connect at all or prints no result. */
export async function replayWithWrk(options: ReplayOptions): Promise<ReplayResult> {
  // Half the processors at most: the rest is the server's, and one wrk thread replays over 100,000 requests a second.
  const threads = Math.min(options.connections, Math.max(1, Math.floor(availableParallelism() / 2)));
  const seconds = Math.max(1, Math.round(options.seconds));
  const output = await run('wrk', [
    `-t${threads}`,
    `-c${options.connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '-s',
    REPLAY_SCRIPT,
    options.endpoint.origin,
    '--',
    options.requests.path,
    options.requests.bodyPath ?? '-',
    randomBytes(6).toString('hex'),
    options.once ? 'once' : 'cycle',
  ]);
  return resultOf(output, options, threads);
}

/** As `replayWithWrk`, for HEAD over plain HTTP, for a time: by a script that makes the load itself. */
export async function replayHeadWithWrk(options: ReplayOptions): Promise<ReplayResult> {
  const { endpoint, connections } = options;
  const output = await run('wrk', [
    '-t1',
    '-c1',
    '-d1s',
    '-s',
    HEAD_SCRIPT,
    endpoint.origin,
    '--',
    options.requests.path,
    endpoint.hostname.replace(/^\[|\]$/g, ''),
    endpoint.port || '80',
    String(connections),
    String(Math.max(1, Math.round(options.seconds))),
  ]);
  return resultOf(output, options, 1);
}

function resultOf(output: string, { connections, requests }: ReplayOptions, threads: number): ReplayResult {
  const line = /^@result (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk gave no result:\n${output}`);
  const result = JSON.parse(line) as ScriptResult;
  const answered = result.issuedByEachThread * threads - connections;
  return {
    client: 'wrk',
    requests: result.requests,
    errors: result.errors,
    seconds: result.microseconds / 1e6,
    p50_ms: result.p50 / 1000,
    p99_ms: result.p99 / 1000,
    answeredFromStart: Math.max(0, Math.min(requests.count, answered)),
  };
}

function run(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with code ${code}:\n${output}`));
    });
  });
}
