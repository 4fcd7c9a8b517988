/**
 * Removes contents that no object has any more, after their grace: a few chunks a transaction, so that nobody waits for it.
 * Contents that this process is reading or writing stay; the readers of other processes ask for a longer grace themselves.
 */

import type { CommitQueue } from './commit-queue.ts';
import type { Statements } from './statements.ts';

/** 16 MiB: removing only puts pages on a list. */
const CHUNKS_A_SLICE = 64;
/** Contents looked at in one slice; those that are in use come again later. */
const CONTENTS_A_SLICE = 64;
/** Timers take no longer times. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Sweeper {
  readonly #sql: Statements;
  readonly #queue: CommitQueue;
  readonly #graceMs: number;
  readonly #inUse = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = Infinity;
  #stopped = false;

  constructor(sql: Statements, queue: CommitQueue, graceMs: number) {
    this.#sql = sql;
    this.#queue = queue;
    this.#graceMs = graceMs;
  }

  /** Sweeps from `atMs` on. The timer does not keep the process alive: what it leaves is swept at the next open. */
  schedule(atMs: number): void {
    if (this.#stopped || atMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = atMs;
    const waitMs = Math.min(TIMER_MS_MAX, Math.max(0, atMs - Date.now()));
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      this.#sweep();
    }, waitMs).unref();
  }

  /** Looks for what is left from before. */
  scheduleNext(): void {
    const next = this.#sql.nextExpiry()?.expires_ms;
    if (typeof next === 'number') this.schedule(next);
  }

  /** Keeps a content of this process; to be called once for each `release`. */
  hold(content: number): void {
    this.#inUse.set(content, (this.#inUse.get(content) ?? 0) + 1);
  }

  release(content: number): void {
    const users = (this.#inUse.get(content) ?? 0) - 1;
    if (users > 0) this.#inUse.set(content, users);
    else this.#inUse.delete(content);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #sweep(): void {
    if (this.#stopped) return;
    const bytes = 1024 * 1024;
    this.#queue
      .add({ operation: 'delete', sync: false, bytes }, () => this.#slice())
      .then(
        () => this.#stopped || this.scheduleNext(),
        // Busy, or broken: whoever writes next is told. What is left is swept later.
        () => this.schedule(Date.now() + Math.max(this.#graceMs, 1000)),
      );
  }

  #slice(): void {
    const now = Date.now();
    let chunks = CHUNKS_A_SLICE;
    for (const { id } of this.#sql.expired(now, CONTENTS_A_SLICE)) {
      if (this.#inUse.has(id)) {
        this.#sql.expireAt(now + Math.max(this.#graceMs, 1000), id);
        continue;
      }
      chunks -= this.#sql.deleteChunks(id, chunks);
      if (chunks <= 0) return;
      this.#sql.deleteContent(id);
    }
  }
}
