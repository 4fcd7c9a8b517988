/** A command run once to its end: how long it took, what it cost, and how much memory it had. Linux, with bash. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly seconds: number;
  /** of the command and all that it started */
  readonly cpuSeconds: number;
  /** of the largest of its processes */
  readonly peakBytes: number;
}

const POLL_MS = 10;
const MARK = 'cistern-bench-time';

/**
 * Output goes nowhere: a slow reader must not slow the command.
 *
 * @throws Error with the end of what it wrote to standard error when it fails
 */
export async function runTool(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Usage> {
  // Bash waits for the command and tells what it and its children took.
  const script = `TIMEFORMAT='${MARK} %R %U %S'; time "$@"`;
  const child = spawn('bash', ['-c', script, 'bash', ...command], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  let peakBytes = 0;
  const poll = setInterval(() => {
    for (const pid of descendants(child.pid ?? 0)) peakBytes = Math.max(peakBytes, peakOf(pid));
  }, POLL_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(poll);
  const times = new RegExp(`${MARK} ([\\d.]+) ([\\d.]+) ([\\d.]+)`).exec(err);
  if (code !== 0 || times === null) {
    throw new Error(`${command.slice(0, 4).join(' ')} … ended with ${code}: ${err.trim().slice(-400)}`);
  }
  const [seconds = 0, user = 0, system = 0] = times.slice(1).map(Number);
  return { seconds, cpuSeconds: user + system, peakBytes };
}

function descendants(pid: number): number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** What has just ended has nothing to say. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
