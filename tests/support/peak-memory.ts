/** @module The most memory that a process has had at once, as Linux counts it. */

import { readFileSync } from 'node:fs';

/** For `skip`. */
export const needsPeakMemory: string | false =
  process.platform === 'linux' ? false : 'only Linux tells the peak of a process’s memory';

export function peakMib(pid: number | undefined): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
