/**
 * @module The load generator of our own, for where wrk is missing or cannot do it, and for filling buckets exactly.
 *
 * One worker thread, so that signing the next requests does not disturb it. It costs some ten times wrk's processor
 * time for each request, which on a shared machine is taken from the server.
 */

import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { summarizeLatency } from '../percentiles.ts';
import type { ReplayOptions, ReplayResult } from './replay.ts';
import type { WorkerReport, WorkerTask } from './node-replay-worker.ts';

/** Replays with raw sockets. With `once`, every request is answered exactly once before it resolves. */
export async function replayWithNode(options: ReplayOptions): Promise<ReplayResult> {
  const task: WorkerTask = {
    endpoint: options.endpoint.href,
    requestsPath: options.requests.path,
    bodyPath: options.requests.bodyPath,
    method: options.requests.method,
    nonce: randomBytes(6).toString('hex'),
    connections: options.connections,
    milliseconds: options.seconds * 1000,
    once: options.once,
  };
  const report = await runWorker(task);
  return {
    client: 'node',
    requests: report.latencies.length,
    errors: report.errors,
    seconds: report.seconds,
    ...summarizeLatency(report.latencies),
    answeredFromStart: Math.min(options.requests.count, Math.max(0, report.issued - options.connections)),
  };
}

function runWorker(task: WorkerTask): Promise<WorkerReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./node-replay-worker.ts', import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the load generator ended early with code ${code}`)));
  });
}
