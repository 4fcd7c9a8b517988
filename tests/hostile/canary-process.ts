/**
 * @module A process of its own that asks a server for one object, and now and then writes one, every 20 ms on one connection. For
 * each answer it says how long it took and how much CPU time each of the server's threads had meanwhile: that a thread was
 * busy with something for so long is a stall, that it was not given the CPU is the machine's.
 *
 * Started with: endpoint, access key, secret, pid of the server, bucket. Sends `CanaryReport`s; ends with its parent.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { Pool } from 'undici';

import { S3 } from '../support/s3.ts';

export interface CanaryReport {
  readonly asked: number;
  /** the longest answer */
  readonly worstMs: number;
  /** the most CPU time that one thread had during one answer */
  readonly busiestMs: number;
  readonly failures: readonly string[];
}

export const CANARY_KEY = 'canary';
export const CANARY_BODY = 'still here';
const EVERY_MS = 20;
const WRITES_EACH = 10;
const REPORT_MS = 500;

if (import.meta.main) {
  const [endpoint = '', accessKeyId = '', secretAccessKey = '', pid = '', bucket = ''] =
    process.argv.slice(2);
  const pool = new Pool(endpoint, { connections: 1 });
  const s3 = new S3({ endpoint, credentials: { accessKeyId, secretAccessKey }, region: 'us-east-1', pool });
  process.once('disconnect', () => process.exit());
  await watch(s3, pid, bucket);
}

async function watch(s3: S3, pid: string, bucket: string): Promise<never> {
  let report = { asked: 0, worstMs: 0, busiestMs: 0, failures: [] as string[] };
  let reported = performance.now();
  for (let count = 0; ; count++) {
    const before = cpuMsOfThreads(pid);
    const began = performance.now();
    try {
      await ask(s3, bucket, count);
    } catch (error) {
      report.failures.push(String(error));
    }
    report.asked++;
    const tookMs = performance.now() - began;
    report.worstMs = Math.max(report.worstMs, tookMs);
    const after = cpuMsOfThreads(pid);
    for (const [thread, cpuMs] of after)
      report.busiestMs = Math.max(report.busiestMs, Math.min(tookMs, cpuMs - (before.get(thread) ?? cpuMs)));
    if (performance.now() - reported > REPORT_MS) {
      process.send?.(report);
      report = { asked: 0, worstMs: 0, busiestMs: 0, failures: [] };
      reported = performance.now();
    }
    await delay(Math.max(0, EVERY_MS - tookMs));
  }
}

async function ask(s3: S3, bucket: string, count: number): Promise<void> {
  const writes = count % WRITES_EACH === 0;
  const answer = writes
    ? await s3.object('PUT', bucket, CANARY_KEY, { body: CANARY_BODY })
    : await s3.object('GET', bucket, CANARY_KEY);
  if (answer.status !== 200 || (!writes && answer.text !== CANARY_BODY))
    throw new Error(`${answer.status} ${answer.text.slice(0, 200)}`);
}

/** As Linux counts it: time on a CPU, in ns, is the first number of each thread. */
function cpuMsOfThreads(pid: string): Map<string, number> {
  const threads = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      threads.set(thread, Number(ns) / 1e6);
    }
  } catch {
    // A thread, or the process, has ended meanwhile.
  }
  return threads;
}
