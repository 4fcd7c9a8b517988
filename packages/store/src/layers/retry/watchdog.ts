/**
 * The time-outs of one attempt: a signal for the store that fires with the caller's or when the time is over. It is armed
 * while the store is waited for, and not while the caller is.
 */

import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { Clock } from './clock.ts';

export interface WatchdogOptions {
  readonly clock: Clock;
  /** on the clock: no time-out is later */
  readonly deadline: number;
  readonly operation: StoreOperation;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #control = new AbortController();
  #disarm: (() => void) | undefined;
  #expired: StoreError | undefined;
  #onExpired: ((timeout: StoreError) => void) | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    if (options.signal?.aborted === true) this.#abort();
    else options.signal?.addEventListener('abort', this.#abort);
  }

  /** for the store */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** The store has so many milliseconds from now on. */
  arm(ms: number): void {
    this.disarm();
    if (this.#expired !== undefined) return;
    const { clock, deadline } = this.#options;
    const left = Math.max(0, Math.min(ms, deadline - clock.now()));
    if (left === Number.POSITIVE_INFINITY) return;
    this.#disarm = clock.after(left, () => {
      this.#expire(left);
    });
  }

  disarm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** Lets go of the caller's signal. */
  stop(): void {
    this.disarm();
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  /** As `answer`, or `Timeout` as soon as the time is over. */
  race<T>(answer: Promise<T>, late: (value: T) => void = () => undefined): Promise<T> {
    const expired = Promise.withResolvers<never>();
    this.#onExpired = (timeout) => {
      expired.reject(timeout);
      answer.then(late, () => undefined);
    };
    if (this.#expired !== undefined) this.#onExpired(this.#expired);
    return Promise.race([this.settle(answer), expired.promise]);
  }

  /** As `answer`, waited for though the time be over: the store has memory of the caller's until then. */
  async settle<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#expired ?? error;
    }
  }

  #expire(ms: number): void {
    const { operation, key } = this.#options;
    this.#expired = new StoreError('Timeout', `${operation} got no answer for ${Math.round(ms)} ms`, {
      operation,
      key,
    });
    this.#control.abort(this.#expired);
    this.#onExpired?.(this.#expired);
  }

  readonly #abort = (): void => {
    this.#control.abort(this.#options.signal?.reason);
  };
}
