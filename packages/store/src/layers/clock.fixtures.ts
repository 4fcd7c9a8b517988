/** A clock for tests: it jumps to the next timer as soon as nothing else can go on, and nobody waits. */

import type { Clock } from './retry/clock.ts';

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

export class JumpingClock implements Clock {
  /** milliseconds of all timers that were set, and whether they were called off */
  readonly set: { readonly ms: number; fired: boolean }[] = [];
  #now = 0;
  readonly #timers = new Set<Timer>();
  #pumping = false;

  readonly now = (): number => this.#now;

  readonly after = (ms: number, act: () => void): (() => void) => {
    const record = { ms, fired: false };
    this.set.push(record);
    const timer: Timer = {
      at: this.#now + ms,
      act: () => {
        record.fired = true;
        act();
      },
    };
    this.#timers.add(timer);
    this.#pump();
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** those that have come to their end, in their order */
  get fired(): number[] {
    return this.set.filter(({ fired }) => fired).map(({ ms }) => ms);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** What is decided without the outside world is decided before the next immediate. */
  #pump(): void {
    if (this.#pumping || this.#timers.size === 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const next = [...this.#timers].reduce<Timer | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      );
      if (next !== undefined) {
        this.#timers.delete(next);
        this.#now = Math.max(this.#now, next.at);
        next.act();
      }
      this.#pump();
    });
  }
}
