/** A number of places that callers hold for a while, given in the order in which they were asked for. */

import { abortedError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';

/** Gives the place back. Idempotent. */
export type Release = () => void;

export interface Asker {
  readonly operation: StoreOperation;
  readonly key?: string | undefined;
  /** takes the asker out of the queue */
  readonly signal?: AbortSignal | undefined;
}

export class Slots {
  #free: number;
  readonly #queue = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  async acquire({ operation, key, signal }: Asker): Promise<Release> {
    if (signal?.aborted === true) throw abortedError(signal, operation, key);
    if (this.#free > 0) {
      this.#free--;
      return this.#release();
    }
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve(this.#release());
      };
      const leave = (): void => {
        this.#queue.delete(take);
        if (signal !== undefined) reject(abortedError(signal, operation, key));
      };
      this.#queue.add(take);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #release(): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#queue;
      if (next === undefined) {
        this.#free++;
      } else {
        // Handed over: nobody who comes now is served before those who wait.
        this.#queue.delete(next);
        next();
      }
    };
  }
}
