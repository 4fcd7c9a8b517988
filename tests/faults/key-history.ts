/**
 * @module What a key may hold after a crash: the model of a register that several writers write at once.
 *
 * A state is the SHA-256 of a body, or `ABSENT`. A write is over for good only once another one that began after its
 * acknowledgement is acknowledged itself; what was never answered may have happened or not.
 */

export const ABSENT = 'absent';

export interface Attempt {
  /** what the key would hold afterwards: one state, or several for a copy whose source was changing */
  states: ReadonlySet<string>;
  readonly started: number;
  /** Infinity until it is acknowledged */
  ended: number;
}

/** Orders beginnings and acknowledgements of all keys. */
let tick = 0;

export class KeyHistory {
  #attempts: Attempt[] = [];

  constructor() {
    this.settle(ABSENT);
  }

  /** Call before the request is sent. */
  begin(states: ReadonlySet<string>): Attempt {
    const attempt = { states, started: ++tick, ended: Number.POSITIVE_INFINITY };
    this.#attempts.push(attempt);
    return attempt;
  }

  /** Call when the answer is there. @param state what the answer says that the key holds now */
  acknowledge(attempt: Attempt, state: string): void {
    attempt.states = new Set([state]);
    attempt.ended = ++tick;
  }

  /** The answer says that nothing was done. */
  withdraw(attempt: Attempt): void {
    this.#attempts = this.#attempts.filter((other) => other !== attempt);
  }

  /** Every state that the key may be in. */
  allowed(): Set<string> {
    let overwrittenBefore = 0;
    for (const { started, ended } of this.#attempts) {
      if (Number.isFinite(ended)) overwrittenBefore = Math.max(overwrittenBefore, started);
    }
    const standing = this.#attempts.filter(({ ended }) => ended >= overwrittenBefore);
    return new Set(standing.flatMap(({ states }) => [...states]));
  }

  /** Every state that it may have had since the last `settle`: what a copy may have found. */
  everHeld(): Set<string> {
    return new Set(this.#attempts.flatMap(({ states }) => [...states]));
  }

  /** The state was seen after the crash: it is the only one from now on. */
  settle(state: string): void {
    this.#attempts = [{ states: new Set([state]), started: tick, ended: tick }];
  }
}
