/** @module What clients with bad networks are let loose on: a server, what is in it, and what it holds open for them. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from '../support/eventually.ts';
import { seededBytes } from '../faults/seeded.ts';
import { readMetric } from '../support/metrics.ts';
import { launchServer } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { S3 } from '../support/s3.ts';
import { startTcpFaults } from '../support/tcp-faults.ts';
import type { TcpFaults } from '../support/tcp-faults.ts';
import { texts } from '../support/xml.ts';

export const BUCKET = 'network';
export const SMALL = Buffer.from('a small object');
export const LARGE = seededBytes('large', 6 * 1024 * 1024);
const LISTED = 200;
/** Sockets of health checks, and files that the server opens for itself. */
const DESCRIPTORS_SLACK = 24;

export interface World extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly dataDir: string;
  /** without anything between */
  readonly s3: S3;
  readonly proxy: TcpFaults;
  residentMib(): Promise<number>;
  /** Resolves when nothing is left of clients that have gone; throws what is, when patience ends. */
  settled(): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-network-'));
  const server = await launchServer({ dataDir, arguments: ['--threads', '2', '--buckets', BUCKET] });
  const { s3, endpoint, child } = server;
  const proxy = await startTcpFaults(endpoint);
  await s3.put(BUCKET, 'small', SMALL);
  await s3.put(BUCKET, 'large', LARGE);
  const listed = Array.from({ length: LISTED }, (_, index) => `listed/${index}-${'x'.repeat(200)}`);
  await Promise.all(listed.map((key) => s3.put(BUCKET, key, '')));
  const descriptors = async (): Promise<number> => (await readdir(`/proc/${child.pid}/fd`)).length;
  const before = await descriptors();
  return {
    server,
    dataDir,
    s3,
    proxy,
    residentMib: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    },
    settled: () =>
      eventually(async () => {
        const left = {
          descriptors: Math.max(0, (await descriptors()) - before - DESCRIPTORS_SLACK),
          // The page that tells it is one itself.
          requests: Math.max(0, (await readMetric(s3, 'cistern_requests_in_flight')) - 1),
          blobs: await readMetric(s3, 'cistern_blobs_reserved'),
          files: (await readdir(join(dataDir, 'tmp'))).length,
        };
        if (Object.values(left).some((count) => count > 0))
          throw new Error(`left over: ${JSON.stringify(left)}`);
      }),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Keys that begin so, at most 1,000. */
export async function keysOf(s3: S3, prefix: string): Promise<string[]> {
  const page = await s3.bucket('GET', BUCKET, { query: { 'list-type': '2', prefix } });
  return texts(page.text, 'Key');
}
