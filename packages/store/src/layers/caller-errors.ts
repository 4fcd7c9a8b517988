/**
 * Knows what a caller's own body or source of keys threw from what a store threw: layers that change or retry errors must
 * let the caller's pass through as they are, though they be StoreErrors (of another store that the body is read from).
 */

import type { Source } from '../body.ts';

export class CallerErrors {
  readonly #thrown = new Set<unknown>();

  has(error: unknown): boolean {
    return this.#thrown.has(error);
  }

  /** The same body; what it throws is remembered. */
  watchSource(source: Source): Source {
    if (source.bytes !== undefined) return source;
    return { ...source, open: (range) => this.watch(this.#guard(() => source.open(range))) };
  }

  /** The same items; what they throw is remembered. */
  watch<T>(items: AsyncIterable<T>): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const iterator = items[Symbol.asyncIterator]();
        return {
          next: () => iterator.next().catch(this.#rethrow),
          return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
        };
      },
    };
  }

  #guard<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      return this.#rethrow(error);
    }
  }

  readonly #rethrow = (error: unknown): never => {
    this.#thrown.add(error);
    throw error;
  };
}
