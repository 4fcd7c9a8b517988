/** `cistern` as a process of its own for tests: what it prints, how it ends, and signals in between. */

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../bin/cistern.js', import.meta.url));

export interface Launched {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What it has printed so far. */
  readonly printed: { out: string; err: string };
  /** Resolves to the exit code, or null after a signal that it does not handle. */
  readonly exited: Promise<number | null>;
  /** Resolves once either output matches; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface LaunchOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs as this user and group. */
  readonly id?: number;
}

/** The caller ends what is still running. The environment has no settings but those given here. */
export function launch(args: readonly string[], { environment, cwd, id }: LaunchOptions = {}): Launched {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CISTERN_'));
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...Object.fromEntries(inherited), ...environment },
    ...(cwd !== undefined && { cwd }),
    ...(id !== undefined && { uid: id, gid: id }),
  });
  const printed = { out: '', err: '' };
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  child.stdout.on('data', (bytes: Buffer) => {
    printed.out += bytes.toString();
    wake();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    printed.err += bytes.toString();
    wake();
  });
  // Unlike `exit`, after the last of what it printed.
  const exited = (once(child, 'close') as Promise<[number | null]>).then(([code]) => code);
  let ended = false;
  void exited.then(() => {
    ended = true;
    wake();
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(printed.out) ?? pattern.exec(printed.err);
      if (found !== null) return found;
      if (ended)
        throw new Error(`It ended before it printed ${pattern.source}:\n${printed.out}${printed.err}`);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    }
  };
  return { child, printed, exited, until };
}
