/** How fast the scrub reads: no more bytes a second than it may, and slower where reading takes long, for then others wait. */

/** It rests so many times as long as it worked: a disk or a processor that is busy is left to those who serve. */
const REST = 3;

/** Shorter rests are put together: a timer costs more than a small blob. */
const LEAST_MS = 10;

export interface PaceClock {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export class Pace {
  readonly #bytesPerMs: number;
  readonly #clock: PaceClock;
  #worked = 0;
  #due: number;

  constructor(bytesPerSecond: number, clock: PaceClock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    this.#worked = this.#due = clock.now();
  }

  /** To be waited for before the next so many bytes are read. */
  async before(bytes: number): Promise<void> {
    const now = this.#clock.now();
    const rest = now + REST * (now - this.#worked);
    const until = Math.max(this.#due, rest);
    if (until - now >= LEAST_MS) await this.#clock.sleep(until - now);
    this.#worked = this.#clock.now();
    this.#due = Math.max(this.#due, this.#worked) + bytes / this.#bytesPerMs;
  }
}
