/** What the writer thread counts, as plain numbers: the main thread turns them into Prometheus series. */

import type { Reaper } from './reaper.ts';
import type { WriteQueue } from './write-queue.ts';

/** Upper bounds of the batch-size buckets, in mutations. */
export const BATCH_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const;

export interface WriterMetricsValues {
  readonly commits: number;
  readonly mutations: number;
  readonly commitSeconds: number;
  /** Commits by size: one count a bound of BATCH_BOUNDS, not cumulative. */
  readonly batches: readonly number[];
  readonly walBytes: number;
  readonly sequence: number;
  readonly blobsDeleted: number;
  readonly blobsReserved: number;
  readonly stopped: boolean;
}

export class WriterMetrics {
  #commits = 0;
  #mutations = 0;
  #commitMs = 0;
  readonly #batches = BATCH_BOUNDS.map(() => 0);

  commit(batch: { mutations: number; durationMs: number }): void {
    this.#commits++;
    this.#mutations += batch.mutations;
    this.#commitMs += batch.durationMs;
    const bound = BATCH_BOUNDS.findIndex((limit) => batch.mutations <= limit);
    this.#batches[bound] = (this.#batches[bound] ?? 0) + 1;
  }

  read(queue: WriteQueue, reaper: Reaper): WriterMetricsValues {
    return {
      commits: this.#commits,
      mutations: this.#mutations,
      commitSeconds: this.#commitMs / 1000,
      batches: this.#batches,
      walBytes: queue.checkpointer.logBytes,
      sequence: queue.sequence,
      blobsDeleted: reaper.deletedTotal,
      blobsReserved: queue.pins.size,
      stopped: queue.stopped !== undefined,
    };
  }
}
