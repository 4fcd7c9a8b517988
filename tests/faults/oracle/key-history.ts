/**
 * @module What a key may hold after a crash: the model of a register that several writers write at once.
 *
 * A state is the SHA-256 of a body, or `ABSENT`. A write is over for good only once another one that began after its
 * acknowledgement is acknowledged itself; what was never answered may have happened or not.
 */

export const ABSENT = 'absent';

export interface Attempt {
  /** what the key would hold afterwards */
  readonly state: string;
  readonly started: number;
  /** Infinity until it is acknowledged */
  ended: number;
}

/** Orders beginnings and acknowledgements of all keys. */
let tick = 0;

export class KeyHistory {
  #attempts: Attempt[] = [];

  constructor(state: string) {
    this.#attempts = [{ state, started: tick, ended: tick }];
  }

  /** Call before the request is sent. */
  begin(state: string): Attempt {
    const attempt = { state, started: ++tick, ended: Number.POSITIVE_INFINITY };
    this.#attempts.push(attempt);
    return attempt;
  }

  /** Call when the answer is there. */
  acknowledge(attempt: Attempt): void {
    attempt.ended = ++tick;
    // What began after its end, and was acknowledged, hides everything that ended before: no need to keep it.
    const hidden = this.#hiddenBefore();
    this.#attempts = this.#attempts.filter(({ ended }) => ended >= hidden);
  }

  /** Every state that the key may be in. */
  allowed(): Set<string> {
    return new Set(this.#attempts.map(({ state }) => state));
  }

  #hiddenBefore(): number {
    let latest = 0;
    for (const { started, ended } of this.#attempts) {
      if (Number.isFinite(ended)) latest = Math.max(latest, started);
    }
    return latest;
  }
}
