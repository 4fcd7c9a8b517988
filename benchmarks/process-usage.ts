/**
 * @module CPU time and peak memory of a process and its descendants, from Linux's /proc (proc(5)).
 *
 * The tree counts because a launcher may run the server as a child. Elsewhere than on Linux nothing is known, and the
 * columns stay empty.
 */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

// The kernel reports ticks of USER_HZ, which is 100 on every Linux architecture that Node runs on.
const TICKS_PER_SECOND = 100;

/** User and system seconds of every thread of `pid` and its living descendants; undefined when /proc cannot tell. */
export function cpuSeconds(pid: number): number | undefined {
  let ticks = 0;
  for (const member of processTree(pid)) {
    const fields = statFields(member);
    if (fields === undefined) continue;
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks === 0 ? undefined : ticks / TICKS_PER_SECOND;
}

/** CPU seconds of the children that this process has waited for: the native load generators. */
export function finishedChildrenCpuSeconds(): number {
  const fields = statFields(process.pid);
  return fields === undefined ? 0 : (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** Sum of the peak resident sizes, bytes, since the start or the last `resetPeakRss`. */
export function peakRssBytes(pid: number): number | undefined {
  let total = 0;
  for (const member of processTree(pid)) {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readProc(`${member}/status`) ?? '')?.[1];
    if (kilobytes !== undefined) total += Number(kilobytes) * 1024;
  }
  return total === 0 ? undefined : total;
}

/** Lets the peak begin anew; without the permission the peak stays that of the whole run so far. */
export function resetPeakRss(pid: number): void {
  for (const member of processTree(pid)) {
    try {
      writeFileSync(`/proc/${member}/clear_refs`, '5');
    } catch {
      // Another user's process, or a kernel without it.
    }
  }
}

function processTree(root: number): number[] {
  const members = [root];
  for (const member of members) {
    for (const thread of threadsOf(member)) {
      const children = readProc(`${member}/task/${thread}/children`)?.trim();
      if (children) members.push(...children.split(' ').map(Number));
    }
  }
  return members;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The fields after the command name, which may itself hold spaces and parentheses: index 11 is utime. */
function statFields(pid: number): string[] | undefined {
  const text = readProc(`${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}
