/**
 * @module strace on a running server: what it asks of the system, and answers of the system that a test chooses.
 *
 * Where processes may not trace others (containers often forbid it), attaching yields the reason and no trace.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { needsCommand } from '../clients/commands.ts';

/** For `skip`. */
export const needsStrace = needsCommand('strace', 'Debian package strace');

/** A system call, with the lines of the trace at which it began and ended. */
export interface SystemCall {
  name: string;
  /** the id of the thread that made it */
  thread: string;
  /** arguments and result as strace writes them, paths of descriptors included */
  text: string;
  begin: number;
  end: number;
}

export interface Trace {
  /** Lets the server go on untraced, and resolves to its calls in the order of their beginnings. */
  stop(): Promise<SystemCall[]>;
}

export interface TraceOptions {
  /** `files`: only those that work on files for JavaScript, and not the catalog's, which does so by itself. Default: all. */
  readonly threads?: 'all' | 'files';
  /** Of each text that is written or read, the first bytes that the trace tells. Default: strace's, 32. */
  readonly bytes?: number;
}

/** @returns the trace, or the reason why there can be none. @param expressions each an argument of strace's `-e` */
export async function attach(
  pid: number,
  expressions: readonly string[],
  { threads = 'all', bytes = 32 }: TraceOptions = {},
): Promise<Trace | string> {
  const traced = threads === 'all' ? [pid] : await filePool(pid);
  const attached = traced.flatMap((id) => ['-p', String(id)]);
  const folder = await mkdtemp(join(tmpdir(), 'cistern-strace-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const output = join(folder, 'trace');
  const filters = expressions.flatMap((expression) => ['-e', expression]);
  const strace = spawn('strace', [
    ...(threads === 'all' ? ['-f'] : []),
    ...attached,
    '-yy',
    '-s',
    String(bytes),
    '-o',
    output,
    ...filters,
  ]);
  after(() => strace.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => strace.once('exit', () => resolve()));
  const refused = await new Promise<string | undefined>((resolve, reject) => {
    let messages = '';
    strace.stderr.on('data', (chunk: Buffer) => {
      messages += chunk.toString();
      if (messages.split('attached').length > traced.length) resolve(undefined);
    });
    strace.once('error', reject);
    void ended.then(() => resolve(`strace may not trace here: ${messages.trim()}`));
  });
  if (refused !== undefined) return refused;
  return {
    stop: async () => {
      strace.kill('SIGTERM');
      await ended;
      return parseTrace(await readFile(output, 'utf8'));
    },
  };
}

/** The threads that Node's file operations run on: as many from the first of them on. */
async function filePool(pid: number): Promise<number[]> {
  const ids = await readdir(`/proc/${pid}/task`);
  const names = await Promise.all(ids.map((id) => readFile(`/proc/${pid}/task/${id}/comm`, 'utf8')));
  const pool = ids.filter((_, i) => names[i] === 'libuv-worker\n');
  assert.ok(pool.length > 0, `no thread for files among ${names.join(' ')}`);
  return pool.map(Number);
}

/** Calls that another thread's interrupted are put together again. */
function parseTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, SystemCall>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (resumed !== null) {
      const call = unfinished.get(thread);
      if (call === undefined) continue;
      // Where the call is interrupted strace puts its result into a column of its own.
      call.text += (resumed[1] ?? '').replace(/\) += /, ') = ');
      call.end = at;
      continue;
    }
    const [, name, text] = /^(\w+)\((.*)$/.exec(rest) ?? [];
    if (name === undefined || text === undefined) continue;
    const call = { name, thread, text: text.replace(/ <unfinished \.\.\.>$/, ''), begin: at, end: at };
    calls.push(call);
    if (call.text === text) continue;
    call.end = Number.POSITIVE_INFINITY;
    unfinished.set(thread, call);
  }
  return calls;
}
