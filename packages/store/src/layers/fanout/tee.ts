/**
 * One stream of items for several readers, who get all of it at their own pace, within a window: whoever is ahead by that many
 * items waits for the slowest. Readers can be left behind.
 */

import { StoreError } from '../../errors.ts';

export interface TeeOptions {
  readonly readers: number;
  /** items that the first may be ahead of the last */
  readonly window: number;
  /** milliseconds that the others wait for the slowest before `onSlow`; for ever when left out */
  readonly patienceMs?: number | undefined;
  /** asked about each reader that the others have waited for so long: whether to leave it behind */
  readonly onSlow?: ((reader: number) => boolean) | undefined;
}

export class Tee<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #options: TeeOptions;
  /** the next item of each reader; `undefined` for those who have left */
  readonly #positions: (number | undefined)[];
  readonly #items: T[] = [];
  /** of the first of the items */
  #base = 0;
  #end: { readonly error?: unknown } | undefined;
  #pulling: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(source: AsyncIterable<T>, options: TeeOptions) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#options = options;
    this.#positions = Array.from({ length: options.readers }, () => 0);
  }

  /** What the source threw. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#end !== undefined && 'error' in this.#end ? { error: this.#end.error } : undefined;
  }

  async *reader(reader: number): AsyncGenerator<T> {
    try {
      for (;;) {
        const item = await this.#next(reader);
        if (item === undefined) return;
        yield item.value;
      }
    } finally {
      this.leave(reader);
    }
  }

  /** A reader wants no more. When nobody does, the source is let go of. */
  leave(reader: number): void {
    if (this.#positions[reader] === undefined) return;
    this.#positions[reader] = undefined;
    this.#trim();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    if (this.#positions.every((position) => position === undefined)) {
      // A source that fails in its end has nobody left to tell.
      this.#iterator.return?.().catch(() => undefined);
    }
  }

  async #next(reader: number): Promise<{ readonly value: T } | undefined> {
    for (;;) {
      const position = this.#positions[reader];
      if (position === undefined) throw leftBehind();
      const index = position - this.#base;
      if (index < this.#items.length) {
        const value = this.#items[index] as T;
        this.#positions[reader] = position + 1;
        this.#trim();
        return { value };
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return undefined;
      }
      // Who leaves does not wait for the source.
      if (this.#items.length < this.#options.window)
        await Promise.race([this.#pull(), this.#changed.promise]);
      else await this.#room();
    }
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#iterator
      .next()
      .then(
        (next) => {
          if (next.done === true) this.#end = {};
          else this.#items.push(next.value);
        },
        (error: unknown) => {
          this.#end = { error };
        },
      )
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }

  /** Resolves when the slowest have moved on, or were left behind. */
  async #room(): Promise<void> {
    const { patienceMs, onSlow } = this.#options;
    const changed = this.#changed.promise;
    if (patienceMs === undefined) return changed;
    const timer = setTimeout(() => {
      for (const [reader, position] of this.#positions.entries()) {
        if (position === this.#base && onSlow?.(reader) === true) this.leave(reader);
      }
    }, patienceMs);
    try {
      await changed;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets go of items that everybody has had. */
  #trim(): void {
    const positions = this.#positions.filter((position) => position !== undefined);
    const first = positions.length === 0 ? this.#base + this.#items.length : Math.min(...positions);
    if (first === this.#base) return;
    this.#items.splice(0, first - this.#base);
    this.#base = first;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function leftBehind(): StoreError {
  return new StoreError('Timeout', 'It was slower than the other stores, and was left behind');
}
