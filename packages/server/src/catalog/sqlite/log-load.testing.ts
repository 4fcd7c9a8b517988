/** Writes that fill the log, and a reader on a thread of its own that reads meanwhile. */

import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

import { inline, publication } from '../requests.fixtures.ts';
import type { BusyReaderData } from './busy-reader.testing.ts';
import type { SqliteStore } from './sqlite-store.testing.ts';

export const MIB = 1024 * 1024;
export const BUCKET = { name: 'photos', owner: 'alice', region: 'us-east-1' };

/** Objects of 1 MiB in the catalog itself, so that a few of them fill the log; always the same keys. */
export async function writeMib({ catalog }: SqliteStore, bucket: number, mib: number): Promise<void> {
  for (let i = 0; i < mib; i++) {
    const text = String.fromCharCode(97 + (i % 26)).repeat(MIB);
    await catalog.publishVersion(publication({ bucket, key: `k${i % 8}`, ...inline(text) }));
  }
}

/** Of these a run has at least so many, however long the reader takes to begin. */
const READS = 10;

/** Writes 8 MiB `rounds` times or more beside the reader. Resolves to the longest log in bytes. */
export async function writeBesideReader(t: TestContext, store: SqliteStore, rounds: number): Promise<number> {
  const { id: bucket } = await store.catalog.createBucket(BUCKET);
  await writeMib(store, bucket, 8);
  const { path, memory } = store;
  const reads = new Uint32Array(new SharedArrayBuffer(4));
  const workerData: BusyReaderData = { path, memory, bucket, keys: ['k0', 'k1', 'k2'], reads };
  const reader = new Worker(new URL('busy-reader.testing.ts', import.meta.url), { workerData });
  t.after(() => reader.terminate());
  await once(reader, 'online');
  let longest = 0;
  for (let i = 0; i < rounds || Atomics.load(reads, 0) < READS; i++) {
    await writeMib(store, bucket, 8);
    longest = Math.max(longest, store.queue.checkpointer.logBytes);
  }
  reader.postMessage('stop');
  await once(reader, 'exit');
  return longest;
}
