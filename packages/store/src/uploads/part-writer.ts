/**
 * Cuts a stream of bytes into parts and has several written at once. It knows what is committed: all parts from the first on
 * without a gap. It knows nothing of where parts go.
 */

import { StoreError } from '../errors.ts';

export interface Part {
  /** counted from 0 */
  readonly index: number;
  /** where in the object its first byte stands */
  readonly start: number;
  /** must not be kept after the write has settled: the memory is used again */
  readonly bytes: Uint8Array;
}

export interface PartWriterOptions {
  readonly partSize: number;
  /** parts under way at once */
  readonly concurrency: number;
  /** Stores a part; a part of the same index replaces it. Resolves when it is as durable as the store makes it. */
  readonly writePart: (part: Part) => Promise<void>;
  /**
   * `replace`: a part that was flushed short is written again with what follows, so that all but the last are of equal size.
   * `next`: what follows goes into a part of its own.
   */
  readonly afterShort: 'replace' | 'next';
  /** bytes that are committed already, and the index of the part that follows the last whole one */
  readonly committed?: number | undefined;
  readonly nextIndex?: number | undefined;
  /** with `replace`: the bytes of the short part at the end of what is committed */
  readonly tail?: Uint8Array | undefined;
}

/** Parts at first take this much memory, and more only as bytes come: a small upload of large parts stays small. */
const FIRST_BYTES = 64 * 1024;

export class PartWriter {
  readonly #options: PartWriterOptions;
  /** parts under way, by index, with where they end */
  readonly #writing = new Map<number, Promise<void>>();
  /** ends of parts that are stored behind a gap, by their start */
  readonly #stored = new Map<number, number>();
  readonly #spare: Uint8Array[] = [];
  #buffer: Uint8Array;
  #filled: number;
  /** bytes of the present part that are stored already */
  #flushed: number;
  #index: number;
  #start: number;
  #committed: number;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: PartWriterOptions) {
    const tail = options.tail ?? new Uint8Array(0);
    this.#options = options;
    this.#committed = options.committed ?? 0;
    this.#index = options.nextIndex ?? 0;
    this.#start = this.#committed - tail.byteLength;
    this.#buffer = new Uint8Array(Math.min(options.partSize, Math.max(FIRST_BYTES, tail.byteLength)));
    this.#buffer.set(tail);
    this.#filled = tail.byteLength;
    this.#flushed = tail.byteLength;
  }

  /** bytes from the first on that are stored without a gap */
  get committed(): number {
    return this.#committed;
  }

  /** bytes taken in all */
  get written(): number {
    return this.#start + this.#filled;
  }

  /** parts there will be when what was taken is stored */
  get parts(): number {
    return this.#index + (this.#filled > 0 ? 1 : 0);
  }

  /** Copies `bytes`; resolves when there is room for more. Calls must not overlap. */
  async write(bytes: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < bytes.byteLength) {
      this.#throwFailure();
      const count = Math.min(bytes.byteLength - taken, this.#options.partSize - this.#filled);
      this.#grow(this.#filled + count);
      this.#buffer.set(bytes.subarray(taken, taken + count), this.#filled);
      this.#filled += count;
      taken += count;
      if (this.#filled === this.#options.partSize) {
        this.#send();
        this.#next();
        await this.#room();
      }
    }
    this.#throwFailure();
  }

  /** Stores all that was taken. Resolves to the bytes committed. Calls must not overlap others. */
  async flush(): Promise<number> {
    if (this.#filled > this.#flushed) {
      this.#send();
      this.#flushed = this.#filled;
      if (this.#options.afterShort === 'next') this.#next();
    }
    await this.settle();
    this.#throwFailure();
    return this.#committed;
  }

  /** Resolves when no part is under way any more, whatever became of them. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#writing.values());
  }

  #send(): void {
    const part = {
      index: this.#index,
      start: this.#start,
      bytes: this.#buffer.subarray(0, this.#filled),
    };
    // Two writes of one index must not overtake each other.
    const before = this.#writing.get(part.index);
    const stored = this.#store(part, before).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#writing.set(part.index, stored);
    void stored.then(() => {
      if (this.#writing.get(part.index) === stored) this.#writing.delete(part.index);
    });
  }

  async #store(part: Part, before: Promise<void> | undefined): Promise<void> {
    await before;
    this.#throwFailure();
    const { buffer } = part.bytes;
    const end = part.start + part.bytes.byteLength;
    await this.#options.writePart(part);
    this.#stored.set(part.start, Math.max(end, this.#stored.get(part.start) ?? 0));
    this.#advance();
    // A short part's memory goes on being filled.
    if (buffer !== this.#buffer.buffer) this.#spare.push(new Uint8Array(buffer as ArrayBuffer));
  }

  #advance(): void {
    for (const [start, end] of [...this.#stored].sort(([a], [b]) => a - b)) {
      if (start > this.#committed) return;
      this.#committed = Math.max(this.#committed, end);
      this.#stored.delete(start);
    }
  }

  #next(): void {
    this.#start += this.#filled;
    this.#index++;
    this.#filled = 0;
    this.#flushed = 0;
    this.#buffer =
      this.#spare.pop() ?? new Uint8Array(Math.min(this.#options.partSize, this.#buffer.byteLength));
  }

  #grow(size: number): void {
    if (size <= this.#buffer.byteLength) return;
    const larger = new Uint8Array(
      Math.min(this.#options.partSize, Math.max(size, this.#buffer.byteLength * 2)),
    );
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }

  async #room(): Promise<void> {
    while (this.#writing.size >= this.#options.concurrency && this.#failure === undefined) {
      await Promise.race(this.#writing.values());
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    throw error instanceof Error
      ? error
      : new StoreError('Unexpected', 'A part could not be written', { operation: 'upload', cause: error });
  }
}
