/**
 * @module `cistern` as users run it: a process of its own, with a home, a configuration and keys of the test alone. Also golden
 * files, for what is not to change unnoticed.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../packages/cistern/bin/cistern.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
}

export interface CliHome {
  /** an empty folder, removed after the file's tests: the working directory and the home */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs to its end, however that is. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs, must succeed and say nothing on standard error but what `--quiet` would suppress. @returns standard output */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** As `ok`, of a command with `--json`. @returns a value for each line */
  json(args: readonly string[], options?: RunOptions): Promise<Record<string, unknown>[]>;
  /** Starts it; the caller ends it. */
  start(args: readonly string[], options?: RunOptions): ChildProcessWithoutNullStreams;
}

export interface Reach {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** @param server whose endpoint and keys are in the environment, as AWS's variables */
export function cliHome(server?: Reach): CliHome {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-cli-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    // Compiled code is shared between runs: it is the user's own folder otherwise.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'cistern-test-compiled'),
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(server !== undefined && {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    }),
  };
  const start = (args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams =>
    spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: options.cwd ?? folder,
      env: { ...env, ...options.env },
    });
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
    const child = start(args, options);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    // Whoever does not read its input to the end is no failure of the test.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
  };
  const ok = async (args: readonly string[], options?: RunOptions): Promise<string> => {
    const { code, out, err } = await run(args, options);
    assert.equal(code, 0, `cistern ${args.join(' ')} ended with ${code}:\n${err}${out}`);
    return out;
  };
  const json = async (args: readonly string[], options?: RunOptions): Promise<Record<string, unknown>[]> => {
    const lines = (await ok([...args, '--json'], options)).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { folder, env, run, ok, json, start };
}

const GOLDEN = fileURLToPath(new URL('./golden/', import.meta.url));

/**
 * Compares a text with the file of that name in `tests/cli/golden/`. With `CISTERN_UPDATE_GOLDEN=1` the file is written
 * instead: look at the difference before committing it.
 */
export function golden(name: string, text: string): void {
  const path = join(GOLDEN, name);
  if (process.env['CISTERN_UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `${name} is not there: run with CISTERN_UPDATE_GOLDEN=1, and look at it`);
  assert.equal(text, readFileSync(path, 'utf8'), `${name} has changed`);
}

/**
 * The shape of what `--json` prints: each value by its type, so that a file of it does not change with times and sizes.
 * Records of one shape are given once.
 */
export function shapesOf(records: readonly Record<string, unknown>[]): string {
  const shapes = new Set(records.map((record) => JSON.stringify(shapeOf(record, 'type'), undefined, 2)));
  return `${[...shapes].join('\n')}\n`;
}

function shapeOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map((one) => shapeOf(one, ''));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, key)]));
  }
  // What tells records apart is a word of ours.
  if (name === 'type' || name === 'code' || name === 'reason') return value;
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return '<time>';
  return `<${value === null ? 'null' : typeof value}>`;
}
