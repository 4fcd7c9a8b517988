/**
 * @module A peer that is started and ended here, by its `start=` command: a shell with a process group of its own.
 */

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { firstAnswer } from '../first-answer.ts';
import type { Target } from '../target.ts';

const START_MS_MAX = 120_000;
const STOP_MS_MAX = 30_000;
const POLL_MS = 20;

/** Process groups that are still there: none outlives this process, not even one that is only starting. */
const groups = new Set<number>();
process.on('exit', () => groups.forEach((group) => signal(group, 'SIGKILL')));

export interface PeerProcess {
  pid: number;
  /** from the start of its command to its first answer */
  startMilliseconds: number;
  stop(): Promise<void>;
}

/** Resolves when it has answered a signed request; rejects with the end of its log otherwise. */
export async function startPeer(command: string, target: Target, logPath: string): Promise<PeerProcess> {
  const started = performance.now();
  const log = openSync(logPath, 'w');
  const child = spawn('sh', ['-c', command], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error('there is no shell');
  groups.add(pid);
  try {
    await firstAnswer(target, START_MS_MAX, () => child.exitCode !== null);
    return { pid, startMilliseconds: performance.now() - started, stop: () => stop(pid) };
  } catch (error) {
    end(pid);
    const said = readFileSync(logPath, 'utf8').slice(-2000);
    throw new Error(`${target.name} did not start: ${(error as Error).message}\n${said}`, { cause: error });
  }
}

async function stop(pid: number): Promise<void> {
  signal(pid, 'SIGTERM');
  for (let waited = 0; waited < STOP_MS_MAX && signal(pid, 0); waited += POLL_MS) {
    await delay(POLL_MS);
  }
  end(pid);
}

function end(pid: number): void {
  signal(pid, 'SIGKILL');
  groups.delete(pid);
}

/** To the whole group; false when nobody is left in it. */
function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}
