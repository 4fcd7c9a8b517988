/** What `cistern bench` does to a store, and how it measures it. Everything is below one prefix, and removed at the end. */

import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { isStoreError, throwIfAborted } from '@cistern/store';
import type { Store } from '@cistern/store';

export const PHASES = ['put', 'head', 'get', 'list', 'delete'] as const;
export type PhaseName = (typeof PHASES)[number];

export interface BenchPlan {
  readonly store: Store;
  /** of this run alone */
  readonly prefix: string;
  readonly objects: number;
  /** bytes of each object */
  readonly size: number;
  readonly concurrency: number;
  /** milliseconds after which a phase begins nothing more */
  readonly durationMs: number;
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly operation: PhaseName;
  /** operations that succeeded; of `list` the keys that it gave */
  readonly operations: number;
  readonly failed: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** of bodies */
  readonly bytesPerSecond: number;
  /** milliseconds; of `list` none */
  readonly p50Ms?: number;
  readonly p90Ms?: number;
  readonly p99Ms?: number;
}

/** The phases in order; each is given when it is over. What is deleted was put by the first. */
export async function* runPhases(
  plan: BenchPlan,
  onError: (error: unknown) => void,
): AsyncGenerator<Measured> {
  const { store, prefix, size, signal } = plan;
  const body = randomFillSync(Buffer.allocUnsafeSlow(size));
  const key = (index: number): string => `${prefix}${String(index).padStart(8, '0')}`;
  const put = await measure(plan, 'put', plan.objects, onError, async (index) => {
    // To its end, also when stopped: one that is broken off may be stored after the clean-up.
    await store.put(key(index), body);
    return size;
  });
  yield put;
  // Those that were put are 0 to n - 1, unless some failed.
  const count = put.operations;
  if (count === 0) return;
  yield await measure(plan, 'head', count, onError, async (index) => {
    await store.head(key(index), { signal });
    return 0;
  });
  yield await measure(plan, 'get', count, onError, async (index) => {
    await using read = await store.get(key(index), { signal });
    let bytes = 0;
    for await (const chunk of read.body) bytes += chunk.byteLength;
    return bytes;
  });
  yield await measureList(plan);
  yield await measure(plan, 'delete', count, onError, async (index) => {
    await store.delete(key(index), { signal });
    return 0;
  });
}

/** Removes what is left of a run, however it ended. */
export async function removeAll({ store, prefix }: Pick<BenchPlan, 'store' | 'prefix'>): Promise<void> {
  const { failed } = await store.deleteMany(store.keys(prefix));
  const [first] = failed;
  if (first !== undefined) throw first.error;
}

async function measure(
  { concurrency, durationMs, signal }: BenchPlan,
  operation: Exclude<PhaseName, 'list'>,
  count: number,
  onError: (error: unknown) => void,
  work: (index: number) => Promise<number>,
): Promise<Measured> {
  const times: number[] = [];
  let next = 0;
  let failed = 0;
  let bytes = 0;
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    while (next < count && performance.now() - begun < durationMs) {
      throwIfAborted(signal, operation === 'head' ? 'get' : operation);
      const index = next++;
      const start = performance.now();
      try {
        const moved = await work(index);
        bytes += moved;
        times.push(performance.now() - start);
      } catch (error) {
        if (isStoreError(error, 'Aborted')) throw error;
        if (failed++ === 0) onError(error);
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(concurrency, count) }, worker));
  for (const one of workers) if (one.status === 'rejected') throw one.reason;
  const seconds = (performance.now() - begun) / 1000;
  times.sort((a, b) => a - b);
  return {
    ...result(operation, times.length, failed, seconds, bytes),
    ...(times.length > 0 && {
      p50Ms: percentile(times, 0.5),
      p90Ms: percentile(times, 0.9),
      p99Ms: percentile(times, 0.99),
    }),
  };
}

async function measureList({ store, prefix, signal }: BenchPlan): Promise<Measured> {
  const begun = performance.now();
  let keys = 0;
  for await (const _ of store.list({ prefix, signal })) keys++;
  return result('list', keys, 0, (performance.now() - begun) / 1000, 0);
}

function result(
  operation: PhaseName,
  operations: number,
  failed: number,
  seconds: number,
  bytes: number,
): Measured {
  const perSecond = operations / seconds;
  return { operation, operations, failed, seconds, perSecond, bytesPerSecond: bytes / seconds };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
