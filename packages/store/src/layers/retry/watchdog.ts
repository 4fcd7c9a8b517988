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
  /** when whoever is waited for has to have answered, on the clock, and the time that this was in the beginning */
  #armed: { readonly end: number; readonly ms: number } | undefined;
  #timer: { readonly end: number; readonly callOff: () => void } | undefined;
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
    if (this.#expired !== undefined) return;
    const { clock, deadline } = this.#options;
    const now = clock.now();
    const end = now + Math.max(0, Math.min(ms, deadline - now));
    this.#armed = { end, ms: end - now };
    if (end === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== undefined && this.#timer.end <= end) return;
    this.#timer?.callOff();
    this.#startTimer(end - now, end);
  }

  disarm(): void {
    this.pause();
    this.#timer?.callOff();
    this.#timer = undefined;
  }

  /**
   * As `disarm`, for those who soon arm it again, as for each entry of a listing: the timer goes on, and does nothing if it finds
   * nobody waiting. They `stop` it at the end.
   */
  pause(): void {
    this.#armed = undefined;
  }

  /** Lets go of the caller's signal. */
  stop(): void {
    this.disarm();
    this.#options.signal?.removeEventListener('abort', this.#abort);
  }

  /** As `answer`, or `Timeout` as soon as the time is over. */
  race<T>(answer: Promise<T>, late: (value: T) => void = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const expire = (timeout: StoreError): void => {
        isOver = true;
        reject(timeout);
      };
      this.#onExpired = expire;
      if (this.#expired !== undefined) expire(this.#expired);
      answer.then(
        (value) => {
          if (isOver) late(value);
          else resolve(value);
        },
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it came
        (error: unknown) => reject(this.#expired ?? error),
      );
    });
  }

  /** As `answer`, waited for though the time be over: the store has memory of the caller's until then. */
  async settle<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#expired ?? error;
    }
  }

  #startTimer(ms: number, end: number): void {
    const callOff = this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      const armed = this.#armed;
      if (armed === undefined) return;
      const left = armed.end - this.#options.clock.now();
      if (left > 0) this.#startTimer(left, armed.end);
      else this.#expire(armed.ms);
    });
    this.#timer = { end, callOff };
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
