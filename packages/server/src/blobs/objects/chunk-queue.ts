/** Chunks on their way from who has them to who asks for them, one at a time: a push resolves when its chunk was taken. */

export class ChunkQueue implements AsyncIterable<Uint8Array> {
  #waiting: { chunk: Uint8Array; resolve: () => void; reject: (error: Error) => void }[] = [];
  #wake: () => void = () => undefined;
  #ended = false;
  #failure: Error | undefined;

  push(chunk: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chunk, resolve, reject });
      this.#wake();
    });
  }

  /** Nothing follows. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Rejects every push, those that wait and those to come, and whoever asks. The first failure stays. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const next = this.#waiting.shift();
      if (next !== undefined) {
        next.resolve();
        yield next.chunk;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
