/**
 * The time by which things grow old. The machine's clock may be set: what waits for its end must not be ended early because
 * the clock was put forward, by mistake or for a moment, nor wait for years because it was put back. So a clock that
 * was put forward counts once it has stood for as long as things are kept; one that was put back counts at once.
 */

/** A clock that is set right by less is believed. */
const STEP_MS = 60_000;

export interface AgeClockOptions {
  /** How long what is judged by it is kept. */
  readonly keptMs: number;
  /** What one before it told last, before a restart. Default: the clock is right at the start. */
  readonly newestMs?: number | undefined;
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds since any moment, never set. Default: `performance.now`. */
  readonly steady?: (() => number) | undefined;
}

export class AgeClock {
  readonly #keptMs: number;
  readonly #now: () => number;
  readonly #steady: () => number;
  /** The clock less the steady one, as far as it is believed. */
  #offset: number;
  /** What is not believed yet: the least that was seen since. */
  #ahead: { offset: number; since: number } | undefined;
  /** Of `#steady`: when it was last put back, or begun. */
  #putBack: number;

  constructor({ keptMs, newestMs, now = Date.now, steady = () => performance.now() }: AgeClockOptions) {
    this.#keptMs = keptMs;
    this.#now = now;
    this.#steady = steady;
    this.#offset = Math.min(now(), newestMs ?? Number.POSITIVE_INFINITY) - steady();
    this.#putBack = steady();
  }

  /** Milliseconds since the epoch, not above the clock's. */
  now(): number {
    const steady = this.#steady();
    const offset = this.#now() - steady;
    if (offset < this.#offset - STEP_MS) this.#putBack = steady;
    if (offset <= this.#offset + STEP_MS) {
      this.#offset = offset;
      this.#ahead = undefined;
      return steady + offset;
    }
    this.#ahead ??= { offset, since: steady };
    this.#ahead.offset = Math.min(this.#ahead.offset, offset);
    if (steady - this.#ahead.since >= this.#keptMs) {
      this.#offset = this.#ahead.offset;
      this.#ahead = undefined;
    }
    return steady + this.#offset;
  }

  /** Whether it has told the same time for as long as things are kept: what is from the future then is from a clock that was wrong. */
  get settled(): boolean {
    return this.#ahead === undefined && this.#steady() - this.#putBack >= this.#keptMs;
  }
}
