/** Takes bytes out of a stream in pieces of the taker's sizes, whatever sizes they come in. */

const NONE = new Uint8Array(0);

export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = NONE;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * The next `size` bytes; fewer only at the end. What lies in one chunk is not copied: it is good until the next call, as
   * long as the stream leaves its chunks alone.
   */
  async read(size: number): Promise<Uint8Array> {
    if (this.#rest.byteLength === 0) await this.#pull();
    if (this.#rest.byteLength >= size) return this.#take(size);
    return this.readCopy(size);
  }

  /** As `read`, in memory of its own. */
  async readCopy(size: number): Promise<Uint8Array> {
    const whole = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      if (this.#rest.byteLength === 0 && !(await this.#pull())) return whole.slice(0, filled);
      const piece = this.#take(Math.min(size - filled, this.#rest.byteLength));
      whole.set(piece, filled);
      filled += piece.byteLength;
    }
    return whole;
  }

  /** Leaves bytes out; fewer only at the end. */
  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      if (this.#rest.byteLength === 0 && !(await this.#pull())) return;
      left -= this.#take(Math.min(left, this.#rest.byteLength)).byteLength;
    }
  }

  /** Lets go of what stands behind the stream. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #take(size: number): Uint8Array {
    const piece = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return piece;
  }

  async #pull(): Promise<boolean> {
    while (this.#rest.byteLength === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#rest = next.value;
    }
    return true;
  }
}
