/**
 * One call that several wait for: each can leave by its own signal without harm to the others, and the call itself is
 * aborted when nobody is left.
 */

import { abortedError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';

export class SharedCall<T> {
  readonly #abort = new AbortController();
  readonly #result: Promise<T>;
  readonly #discard: (result: T) => void;
  #waiting = 0;
  #settled = false;
  #taken = false;

  /**
   * @param call begun soon: whoever made this can put it in its place first
   * @param discard lets go of a result that nobody has taken
   */
  constructor(call: (signal: AbortSignal) => Promise<T>, discard: (result: T) => void) {
    this.#discard = discard;
    const begun = Promise.resolve().then(() => call(this.#abort.signal));
    this.#result = begun.finally(() => {
      this.#settled = true;
      if (this.#waiting === 0) this.#end();
    });
    // Those who wait hear of it; if nobody does, nobody needs to.
    this.#result.catch(() => undefined);
  }

  /** Everybody has left: whoever comes now needs another call. */
  get abandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** @param take called before this resolves, and not at all when it rejects: for results that must be let go of */
  async wait(
    signal: AbortSignal | undefined,
    operation: StoreOperation,
    key: string,
    take: (result: T) => void,
  ): Promise<T> {
    this.#waiting++;
    try {
      const result = await withSignal(this.#result, signal, operation, key);
      this.#taken = true;
      take(result);
      return result;
    } finally {
      if (--this.#waiting === 0) this.#end();
    }
  }

  /** Nobody waits any more. */
  #end(): void {
    if (!this.#settled) this.#abort.abort();
    else if (!this.#taken) this.#result.then(this.#discard).catch(() => undefined);
  }
}

/** Settles as `promise` does, or rejects as soon as the signal fires. */
export function withSignal<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  operation: StoreOperation,
  key: string,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortedError(signal, operation, key));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
