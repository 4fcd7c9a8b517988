/**
 * @module Puts, or deletes, many small objects, each exactly once; not measured.
 */

import type { Bench } from '../bench.ts';
import { listVersions, nextVersionMarker, type VersionMarker, versionsOf } from '../list-versions.ts';
import { replayWithNode } from '../load/node-replay.ts';
import { writeRequests } from '../requests.ts';
import { keysOf, listPage, nextToken, send } from '../s3-client.ts';

const CONNECTIONS = 64;
// Signed and held in memory at a time.
const BATCH = 25_000;

export interface FillOptions {
  bucket: string;
  count: number;
  key(index: number): string;
  objectBytes: number;
}

/** PUTs `count` objects; throws when one of them fails. */
export async function fill(bench: Bench, options: FillOptions): Promise<void> {
  await inBatches(bench, { ...options, method: 'PUT' });
}

/** Deletes a few objects by their paths. A failure is only told: the rows that were measured are worth more. */
export async function removeObjects(bench: Bench, paths: readonly string[]): Promise<void> {
  try {
    for (const path of paths) await send(bench.target, 'DELETE', path);
  } catch (error) {
    bench.progress(`could not remove objects: ${String(error)}`);
  }
}

/** Deletes every object of a bucket, then the bucket. A failure is only told. */
export async function removeBucket(bench: Bench, bucket: string): Promise<void> {
  try {
    await emptyAndRemove(bench, bucket);
  } catch (error) {
    bench.progress(`could not remove ${bucket}: ${String(error)}`);
  }
}

/** As `removeBucket`, with every version of every object. */
export async function removeVersionedBucket(bench: Bench, bucket: string): Promise<void> {
  try {
    for (;;) {
      const versions = await someVersions(bench, bucket);
      if (versions.length === 0) break;
      bench.progress(`removing ${versions.length} versions in ${bucket}`);
      const key = (index: number) => versions[index] ?? '';
      await inBatches(bench, { bucket, count: versions.length, key, method: 'DELETE' });
    }
    await send(bench.target, 'DELETE', `/${bucket}`);
  } catch (error) {
    bench.progress(`could not remove ${bucket}: ${String(error)}`);
  }
}

async function emptyAndRemove(bench: Bench, bucket: string): Promise<void> {
  const first = await send(bench.target, 'HEAD', `/${bucket}`);
  if (first.status !== 200) return;
  for (;;) {
    const keys = await someKeys(bench, bucket);
    if (keys.length === 0) break;
    bench.progress(`removing ${keys.length} objects of ${bucket}`);
    await inBatches(bench, {
      bucket,
      count: keys.length,
      key: (index) => keys[index] ?? '',
      method: 'DELETE',
    });
  }
  await send(bench.target, 'DELETE', `/${bucket}`);
}

interface BatchOptions {
  bucket: string;
  count: number;
  key(index: number): string;
  method: 'PUT' | 'DELETE';
  objectBytes?: number;
}

async function inBatches(bench: Bench, options: BatchOptions): Promise<void> {
  let running: Promise<void> = Promise.resolve();
  for (let start = 0, batch = 0; start < options.count; start += BATCH, batch++) {
    const length = Math.min(BATCH, options.count - start);
    // Two names in turn: the next batch is signed while this one is sent.
    const requests = writeRequests({
      target: bench.target,
      scratch: bench.scratch,
      name: `fill-${batch % 2}`,
      method: options.method,
      bucket: options.bucket,
      keys: Array.from({ length }, (_, index) => options.key(start + index)),
      ...(options.objectBytes !== undefined && { bodyBytes: options.objectBytes }),
    });
    await running;
    if (batch > 0 && batch % 4 === 0) bench.progress(`  ${start} of ${options.count}`);
    running = sendAll(bench, requests);
    // A failure is thrown by the next `await running`; until then it is not unhandled.
    running.catch(() => undefined);
  }
  await running;
}

async function sendAll(bench: Bench, requests: ReturnType<typeof writeRequests>): Promise<void> {
  const { endpoint } = bench.target;
  const result = await replayWithNode({
    endpoint,
    requests,
    connections: CONNECTIONS,
    seconds: Infinity,
    once: true,
  });
  if (result.errors > 0)
    throw new Error(`${result.errors} of ${requests.count} ${requests.method} requests failed`);
}

/** Keys with the query that names the version; for keys that need no escapes. */
async function someVersions(bench: Bench, bucket: string): Promise<string[]> {
  const found: string[] = [];
  let marker: VersionMarker | undefined;
  do {
    const page = await listVersions(bench.target, { bucket, ...(marker && { marker }) });
    found.push(...versionsOf(page).map(({ key, versionId }) => `${key}?versionId=${versionId}`));
    marker = nextVersionMarker(page);
  } while (marker !== undefined && found.length < BATCH);
  return found;
}

async function someKeys(bench: Bench, bucket: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await listPage(bench.target, {
      bucket,
      ...(token !== undefined && { continuationToken: token }),
    });
    keys.push(...keysOf(page));
    token = nextToken(page);
  } while (token !== undefined && keys.length < BATCH);
  return keys;
}
