/**
 * Which blobs are reserved by writers right now. In memory: a restart ends every reservation. Only the writer thread
 * touches it, so a pin is taken under the same order that publishes and reaps.
 */

export class BlobPins {
  readonly #counts = new Map<number, number>();
  #untouched = new Set<number>();

  /** From now on it is noted when one of these is reserved; others are not watched any more. */
  watch(blobs: readonly number[]): void {
    this.#untouched = new Set(blobs);
  }

  /** Whether a watched blob was never reserved since: one that was may be given up again by now. */
  isUntouched(blob: number): boolean {
    return this.#untouched.has(blob);
  }

  add(blob: number): void {
    this.#untouched.delete(blob);
    this.#counts.set(blob, (this.#counts.get(blob) ?? 0) + 1);
  }

  drop(blob: number): void {
    const count = this.#counts.get(blob) ?? 0;
    if (count > 1) this.#counts.set(blob, count - 1);
    else this.#counts.delete(blob);
  }

  has(blob: number): boolean {
    return this.#counts.has(blob);
  }

  get size(): number {
    return this.#counts.size;
  }
}
