/** How much is under way at once: small objects many at a time, large ones few, since these have parts of their own under way. */

/** What is under way at once, in units of an object's weight. */
export const SLOTS = 32;
/** An object of so many bytes weighs one. */
const UNIT_BYTES = 4 * 1024 * 1024;
const WEIGHT_MAX = 16;

export function weightOf(size: number): number {
  return Math.min(WEIGHT_MAX, Math.max(1, Math.ceil(size / UNIT_BYTES)));
}

/** Lets in by weight, in the order of asking. */
export class Slots {
  #free = SLOTS;
  readonly #waiting: { readonly weight: number; readonly enter: () => void }[] = [];

  async run<T>(weight: number, act: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || this.#free < weight) {
      await new Promise<void>((enter) => this.#waiting.push({ weight, enter }));
    } else {
      this.#free -= weight;
    }
    try {
      return await act();
    } finally {
      this.#free += weight;
      for (
        let next = this.#waiting[0];
        next !== undefined && next.weight <= this.#free;
        next = this.#waiting[0]
      ) {
        this.#waiting.shift();
        this.#free -= next.weight;
        next.enter();
      }
    }
  }
}
