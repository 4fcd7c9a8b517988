/**
 * The writer thread's background work: the reaper, what deleted snapshots leave, the retention of the feed and of uploads that nobody goes on with,
 * and giving space back to a disk that is short of it. One slice at a time, writes in between.
 */

import { AgeClock } from './age-clock.ts';
import { abortAbandoned, bringBack } from './mutations/uploads/abort-upload.ts';
import type { WriteContext } from './mutations/context.ts';
import type { Reaper } from './reaper.ts';
import type { SnapshotSweeper } from './snapshot-sweeper.ts';
import type { WriteQueue } from './write-queue.ts';

const AFTER_ERROR_MS = 5000;
const FEED_SLICE = 1000;
const UPLOADS_SLICE = 100;
/** How often it is looked for what has grown old. */
const LOOK_MS = 60_000;

export interface MaintenanceOptions {
  readonly queue: WriteQueue;
  readonly reaper: Reaper;
  readonly sweeper: SnapshotSweeper;
  readonly feedRetentionMs: number;
  /** Between two looks for work when there was none. */
  readonly idleMs: number;
  /** Of uploads to which nothing comes; and how long those that have ended are still known. */
  readonly uploadRetentionMs: number;
  /** As for AgeClock. */
  readonly now?: () => number;
  readonly steady?: () => number;
  readonly newestMs?: number | undefined;
  readonly onError: (error: unknown) => void;
}

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #steady: () => number;
  readonly #feedAge: AgeClock;
  readonly #uploadAge: AgeClock;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #agedSequence = 0;
  /** Of the steady clock. */
  #feedDueMs = Number.NEGATIVE_INFINITY;
  #uploadsDueMs = Number.NEGATIVE_INFINITY;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#steady = options.steady ?? (() => performance.now());
    this.#feedAge = new AgeClock({ ...options, keptMs: options.feedRetentionMs });
    this.#uploadAge = new AgeClock({ ...options, keptMs: options.uploadRetentionMs });
    this.#schedule(options.idleMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#step();
    }, delayMs);
    this.#timer.unref();
  }

  async #step(): Promise<void> {
    const { queue, reaper, sweeper, idleMs, onError } = this.#options;
    let delayMs = idleMs;
    // Each by itself: one blob that cannot be deleted must not let the feed grow.
    const works = [
      () => reaper.step(),
      () => sweeper.step(),
      () => this.#endUploads(),
      () => this.#trimFeed(),
      () => queue.shrink(),
      () => queue.keepSpare(),
    ];
    for (const work of works) {
      try {
        if ((await work()) && delayMs === idleMs) delayMs = 0;
      } catch (error) {
        onError(error);
        delayMs = AFTER_ERROR_MS;
      }
      // A catalog that has stopped stays so; anything else is tried again.
      if (queue.stopped !== undefined) return;
    }
    if (!this.#closed) this.#schedule(delayMs);
  }

  /** Rows from a clock that was ahead are passed by: they must not keep all others. */
  #trimFeed(): boolean {
    if (this.#steady() < this.#feedDueMs) return false;
    const now = (this.#options.now ?? Date.now)();
    const before = this.#feedAge.now() - this.#options.feedRetentionMs;
    const { changes } = this.#options.queue.transact(({ sql }) => sql.trimFeed.run(now, FEED_SLICE, before));
    const more = Number(changes) === FEED_SLICE;
    if (!more) this.#feedDueMs = this.#steady() + LOOK_MS;
    return more;
  }

  #endUploads(): boolean {
    if (this.#steady() < this.#uploadsDueMs) return false;
    const now = this.#uploadAge.now();
    const before = now - this.#options.uploadRetentionMs;
    const { settled } = this.#uploadAge;
    const most = this.#options.queue.transact((context) => {
      if (settled) bringBack(context, now);
      this.#storeAge(context, Math.min(now, this.#feedAge.now()));
      const aborted = abortAbandoned(context, before, UPLOADS_SLICE);
      const { changes } = context.uploads.deleteEnded.run(before, UPLOADS_SLICE);
      return Math.max(aborted, Number(changes));
    });
    const more = most >= UPLOADS_SLICE;
    if (!more) this.#uploadsDueMs = this.#steady() + LOOK_MS;
    return more;
  }

  /** The next start knows by it whether its clock is ahead. Nothing is written while nothing else is. */
  #storeAge({ uploads }: WriteContext, ageMs: number): void {
    const { sequence } = this.#options.queue;
    if (sequence === this.#agedSequence) return;
    this.#agedSequence = sequence;
    uploads.setAge.run(Math.round(ageMs));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
