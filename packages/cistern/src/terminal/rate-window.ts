/** How many a second over the last seconds: long enough to be steady, short enough to follow a change. */

const WINDOW_MS = 10_000;
/** Amounts are kept by slots of time, so that many small ones cost no memory. */
const SLOT_MS = 250;
/** Before this much has been seen a rate would be a guess. */
const SEEN_MS_MIN = 500;

export class RateWindow {
  readonly #startMs: number;
  readonly #slots: { slot: number; amount: number }[] = [];

  /** @param startMs by the clock whose times the other calls are given */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  add(amount: number, nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    const last = this.#slots.at(-1);
    if (last?.slot === slot) last.amount += amount;
    else this.#slots.push({ slot, amount });
    this.#forget(slot);
  }

  /** @returns undefined when too little time has passed to tell */
  perSecond(nowMs: number): number | undefined {
    const seenMs = Math.min(WINDOW_MS, nowMs - this.#startMs);
    if (seenMs < SEEN_MS_MIN) return undefined;
    this.#forget(Math.floor(nowMs / SLOT_MS));
    const amount = this.#slots.reduce((sum, one) => sum + one.amount, 0);
    return (amount / seenMs) * 1000;
  }

  #forget(slot: number): void {
    const oldest = slot - WINDOW_MS / SLOT_MS;
    while (this.#slots[0] !== undefined && this.#slots[0].slot <= oldest) this.#slots.shift();
  }
}
