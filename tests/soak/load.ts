/** @module The clients of a soak at a bounded rate: what is behind is left out, so that a slow minute makes no burst after it. */

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { ServerProcess } from '../support/server-process.ts';
import { Lane } from './lane.ts';
import { pickOperation } from './operations/index.ts';

/** Beside root. Each client is one of them, and stranger to the others. */
export const USERS = ['alice', 'bob', 'carol', 'dave'].map((name) => ({
  name,
  accessKeyId: `${name}-access-key`,
  secretAccessKey: `${name}-secret-of-the-soak`,
}));

export interface LoadOptions {
  readonly server: ServerProcess;
  readonly seed: string;
  /** Operations a second of all clients together. */
  readonly rate: number;
  readonly over: () => boolean;
  readonly onOperation: (name: string) => void;
  /** An answer that is not the one that it had to be. The client goes on. */
  readonly onWrong: (report: string) => void;
}

/** Runs until `over`; rejects when the server has gone. */
export async function runLoad({
  server,
  seed,
  rate,
  over,
  onOperation,
  onWrong,
}: LoadOptions): Promise<void> {
  const next = pacer(rate);
  const client = async (index: number): Promise<void> => {
    const stranger = server.s3.as(credentialsOf(index + 1));
    const lane = new Lane({ s3: server.s3.as(credentialsOf(index)), stranger, seed: `${seed} ${index}` });
    await lane.prepare();
    while (!over()) {
      await next();
      const operation = pickOperation(lane);
      try {
        await operation(lane);
      } catch (error) {
        if (server.child.exitCode !== null || server.child.signalCode !== null) throw error;
        onWrong(`${operation.name} of client ${index}: ${String((error as Error).stack ?? error)}`);
      }
      onOperation(operation.name);
    }
  };
  await Promise.all(USERS.map((_, index) => client(index)));
}

function credentialsOf(index: number): { accessKeyId: string; secretAccessKey: string } {
  const { accessKeyId = '', secretAccessKey = '' } = USERS[index % USERS.length] ?? {};
  return { accessKeyId, secretAccessKey };
}

function pacer(rate: number): () => Promise<void> {
  const everyMs = 1000 / rate;
  let dueMs = performance.now();
  return async () => {
    const nowMs = performance.now();
    dueMs = Math.max(dueMs + everyMs, nowMs);
    if (dueMs > nowMs) await delay(dueMs - nowMs);
  };
}
