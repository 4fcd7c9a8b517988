/**
 * Which blobs are reserved by writers right now. In memory: a restart ends every reservation. Only the writer thread
 * touches it, so a pin is taken under the same order that publishes and reaps.
 */

export class BlobPins {
  readonly #counts = new Map<number, number>();

  add(blob: number): void {
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
