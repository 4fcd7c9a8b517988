/** The attempts of one call: which errors are worth another one, how long to wait before it, and when to stop. */

import { abortedError, isStoreError, StoreError } from '../../errors.ts';
import type { StoreErrorCode, StoreOperation } from '../../errors.ts';
import type { RetryPolicy } from './policy.ts';
import { Watchdog } from './watchdog.ts';

export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #operation: StoreOperation;
  readonly #key: string | undefined;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #deadline: number;
  #unanswered: StoreError | undefined;

  constructor(
    policy: RetryPolicy,
    operation: StoreOperation,
    key: string | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#policy = policy;
    this.#operation = operation;
    this.#key = key;
    this.#signal = signal;
    this.#deadline = policy.clock.now() + policy.deadlineMs;
  }

  /** The time-outs of an attempt that begins. */
  watch(): Watchdog {
    return new Watchdog({
      clock: this.#policy.clock,
      deadline: this.#deadline,
      operation: this.#operation,
      key: this.#key,
      signal: this.#signal,
    });
  }

  /**
   * Waits before the next attempt.
   *
   * @throws `error` when it is not temporary, or there is to be no other attempt
   */
  async again(error: unknown): Promise<void> {
    if (!isStoreError(error) || error.retry !== 'temporary') throw error;
    this.#unanswered ??= error;
    const { attempts, waitBaseMs, waitMsMax, clock, random } = this.#policy;
    if (++this.#failures >= attempts) throw error;
    const backOff = random() * Math.min(waitMsMax, waitBaseMs * 2 ** (this.#failures - 1));
    const wait = Math.max(backOff, error.retryAfterMs ?? 0);
    if (wait > waitMsMax || clock.now() + wait >= this.#deadline) throw error;
    await this.#sleep(wait);
  }

  /** Something came: what breaks off next is counted and timed from the beginning. */
  progress(): void {
    this.#failures = 0;
    this.#deadline = this.#policy.clock.now() + this.#policy.deadlineMs;
  }

  /** Attempts until one succeeds or fails for good. */
  async run<T>(act: (watchdog: Watchdog) => Promise<T>): Promise<T> {
    for (;;) {
      const watchdog = this.watch();
      try {
        return await act(watchdog);
      } catch (error) {
        watchdog.stop();
        await this.again(error);
      }
    }
  }

  /**
   * The error of an attempt before, where `error` may be the mark of what that one did: it was not answered, and may have
   * been carried out all the same. It is permanent: the call cannot simply be made again.
   */
  unanswered(error: unknown, codes: readonly StoreErrorCode[]): StoreError | undefined {
    const before = this.#unanswered;
    if (before === undefined || !isStoreError(error) || !codes.includes(error.code)) return undefined;
    return new StoreError(
      before.code,
      `${before.message}. Whether this ${this.#operation} was carried out is not known: look at what is there before you repeat it`,
      { operation: this.#operation, key: this.#key, cause: before, retry: 'permanent' },
    );
  }

  #sleep(ms: number): Promise<void> {
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        callOff();
        signal?.removeEventListener('abort', end);
        if (signal?.aborted === true) reject(abortedError(signal, this.#operation, this.#key));
        else resolve();
      };
      const callOff = this.#policy.clock.after(ms, end);
      signal?.addEventListener('abort', end);
      if (signal?.aborted === true) end();
    });
  }
}
