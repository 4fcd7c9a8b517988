/**
 * @module What one row cost: wall time, CPU of the server and of the client, peak memory of the server.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, finishedChildrenCpuSeconds, peakRssBytes, resetPeakRss } from './process-usage.ts';

// Lets what the row before left behind (closing sockets, a checkpoint) settle, so that it is not charged to this one.
const SETTLE_MS = 150;

export interface Usage {
  seconds: number;
  clientCpuSeconds: number;
  /** undefined when the server's process is not known */
  serverCpuSeconds: number | undefined;
  serverPeakRssBytes: number | undefined;
}

/** Runs `work` and reports what it used. `pid` is the server's process, if it is on this machine. */
export async function measure<T>(
  pid: number | undefined,
  work: () => Promise<T>,
): Promise<{ value: T; usage: Usage }> {
  await delay(SETTLE_MS);
  if (pid !== undefined) resetPeakRss(pid);
  const serverBefore = pid === undefined ? undefined : cpuSeconds(pid);
  const clientBefore = clientCpuSeconds();
  const start = performance.now();
  const value = await work();
  const seconds = (performance.now() - start) / 1000;
  const serverAfter = pid === undefined ? undefined : cpuSeconds(pid);
  const known = serverBefore !== undefined && serverAfter !== undefined;
  return {
    value,
    usage: {
      seconds,
      clientCpuSeconds: clientCpuSeconds() - clientBefore,
      serverCpuSeconds: known ? serverAfter - serverBefore : undefined,
      serverPeakRssBytes: pid === undefined ? undefined : peakRssBytes(pid),
    },
  };
}

function clientCpuSeconds(): number {
  const own = process.cpuUsage();
  return (own.user + own.system) / 1e6 + finishedChildrenCpuSeconds();
}
