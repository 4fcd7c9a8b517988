/**
 * Works off what was planned: many small objects at once, few large ones. One that fails does not stop the others, but for what would
 * fail them all. A signal stops it in order; nothing is under way any more when it resolves.
 */

import type { Item, Progress } from '../terminal/progress.ts';
import type { Copied } from './copier.ts';
import { Hope } from './hopeless.ts';
import { jobNames } from './job.ts';
import type { Job } from './job.ts';
import { SLOTS, weightOf } from './slots.ts';

/** Jobs that are planned ahead, so that the whole is known early: some 10 MB of memory. */
const AHEAD = 20_000;
/** Failures that are kept to be told; the others are counted. */
const FAILURES_MAX = 1000;

export interface RunOptions {
  readonly signal: AbortSignal;
  /** objects at once, whatever their size; as above when left out */
  readonly concurrency?: number | undefined;
  readonly progress: Progress;
  /** told of each job as it ends; what it returns is waited for */
  readonly onRecord: (record: TransferRecord) => Promise<void> | void;
}

export type TransferRecord =
  | { readonly job: Job; readonly done: Copied; readonly error?: undefined }
  | { readonly job: Job; readonly done?: undefined; readonly error: unknown };

export interface Tally {
  readonly copied: number;
  /** of the objects that were copied */
  readonly bytes: number;
  readonly resumedBytes: number;
  readonly skipped: number;
  readonly failed: number;
  /** the first of those that failed */
  readonly failures: readonly { readonly job: Job; readonly error: unknown }[];
  /** objects that were planned and are neither done nor failed */
  readonly remaining: number;
  /** all there is to do was planned */
  readonly isPlanned: boolean;
  /** why it stopped before its end: a listing that broke off, or what would have failed every object */
  readonly stoppedBy: unknown;
}

/** Moves one object, telling `item` of its bytes. */
export type Act = (job: Job, item: Item, signal: AbortSignal) => Promise<Copied>;

/** Never rejects: what failed is in the tally. */
export async function runTransfers(jobs: AsyncIterable<Job>, act: Act, options: RunOptions): Promise<Tally> {
  return new Run(act, options).run(jobs);
}

class Run {
  readonly #act: Act;
  readonly #options: RunOptions;
  readonly #halt = new AbortController();
  readonly #signal: AbortSignal;
  readonly #slots: number;
  #queue: Job[] = [];
  /** of the queue: what stands before was begun */
  #next = 0;
  #used = 0;
  #planned = { objects: 0, bytes: 0, isFinal: false };
  readonly #hope = new Hope();
  #wake: (() => void)[] = [];
  #tally = { copied: 0, bytes: 0, resumedBytes: 0, skipped: 0, failed: 0 };
  #failures: { job: Job; error: unknown }[] = [];
  #stoppedBy: unknown;

  constructor(act: Act, options: RunOptions) {
    this.#act = act;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#halt.signal]);
    this.#slots = options.concurrency ?? SLOTS;
    this.#signal.addEventListener('abort', () => this.#changed(), { once: true });
  }

  async run(jobs: AsyncIterable<Job>): Promise<Tally> {
    const planning = this.#plan(jobs);
    while (!this.#signal.aborted) {
      const job = this.#queue[this.#next];
      if (job === undefined) {
        if (this.#planned.isFinal || this.#stoppedBy !== undefined) break;
        await this.#change();
        continue;
      }
      const weight = this.#weigh(job);
      if (this.#used > 0 && this.#used + weight > this.#slots) {
        await this.#change();
        continue;
      }
      this.#take();
      this.#used += weight;
      void this.#one(job).finally(() => {
        this.#used -= weight;
        this.#changed();
      });
    }
    while (this.#used > 0) await this.#change();
    await planning;
    return this.#result();
  }

  /** Fills the queue until it is long enough, and again when it is not. */
  async #plan(jobs: AsyncIterable<Job>): Promise<void> {
    const planned = this.#planned;
    try {
      for await (const job of jobs) {
        this.#queue.push(job);
        planned.objects++;
        planned.bytes += job.source.size;
        this.#options.progress.total(planned.objects, planned.bytes, false);
        if (this.#queue.length - this.#next === 1) this.#changed();
        while (this.#queue.length - this.#next >= AHEAD && !this.#signal.aborted) await this.#change();
        if (this.#signal.aborted) return;
      }
      planned.isFinal = true;
      this.#options.progress.total(planned.objects, planned.bytes, true);
    } catch (error) {
      if (!this.#signal.aborted) this.#stoppedBy ??= error;
    }
    this.#changed();
  }

  #take(): void {
    this.#next++;
    if (this.#next < 1024 || this.#next * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }

  #weigh({ source }: Job): number {
    if (this.#options.concurrency !== undefined) return 1;
    return weightOf(source.size);
  }

  /** Never rejects. */
  async #one(job: Job): Promise<void> {
    const item = this.#options.progress.begin(jobNames(job).source, job.source.size);
    let record: TransferRecord;
    try {
      const done = await this.#act(job, item, this.#signal);
      record = { job, done };
      this.#hope.succeeded();
      item[done.action === 'skipped' ? 'skip' : 'done']();
      if (done.action === 'skipped') {
        this.#tally.skipped++;
      } else {
        this.#tally.copied++;
        this.#tally.bytes += done.info?.size ?? job.source.size;
        this.#tally.resumedBytes += done.resumedBytes ?? 0;
      }
    } catch (error) {
      // What was stopped is as it was, and has not failed.
      if (this.#signal.aborted) return;
      item.fail();
      this.#tally.failed++;
      if (this.#failures.length < FAILURES_MAX) this.#failures.push({ job, error });
      record = { job, error };
      if (!this.#hope.isLeftAfter(error)) this.#stop(error);
    }
    try {
      await this.#options.onRecord(record);
    } catch (error) {
      this.#stop(error);
    }
  }

  #stop(error: unknown): void {
    this.#stoppedBy ??= error;
    this.#halt.abort();
  }

  #result(): Tally {
    const { copied, skipped, failed } = this.#tally;
    return {
      ...this.#tally,
      failures: this.#failures,
      remaining: this.#planned.objects - copied - skipped - failed,
      isPlanned: this.#planned.isFinal,
      stoppedBy: this.#stoppedBy,
    };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    const woken = this.#wake;
    this.#wake = [];
    for (const resolve of woken) resolve();
  }
}
