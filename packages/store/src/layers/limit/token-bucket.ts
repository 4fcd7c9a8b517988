/**
 * So many bytes a second, for callers in the order in which they ask. What is not used is kept, up to a limit. A caller is let
 * through as soon as anything is left, and what it takes beyond that delays the next: chunks need not be cut.
 */

import { abortedError } from '../../errors.ts';
import type { Clock } from '../retry/clock.ts';
import type { Asker } from './slots.ts';

export interface TokenBucketOptions {
  readonly bytesPerSecond: number;
  /** bytes that can be kept */
  readonly burstBytes: number;
  readonly clock: Clock;
}

export class TokenBucket {
  readonly #options: TokenBucketOptions;
  readonly #queue = new Set<() => void>();
  #left: number;
  #at: number;
  #callOff: (() => void) | undefined;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#left = options.burstBytes;
    this.#at = options.clock.now();
  }

  /** Resolves when `bytes` may move. */
  async take(bytes: number, { operation, key, signal }: Asker): Promise<void> {
    if (signal?.aborted === true) throw abortedError(signal, operation, key);
    this.#fill();
    if (this.#queue.size === 0 && this.#left > 0) {
      this.#left -= bytes;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const pass = (): void => {
        signal?.removeEventListener('abort', leave);
        this.#left -= bytes;
        resolve();
      };
      const leave = (): void => {
        this.#queue.delete(pass);
        this.#wait();
        if (signal !== undefined) reject(abortedError(signal, operation, key));
      };
      this.#queue.add(pass);
      signal?.addEventListener('abort', leave, { once: true });
      this.#wait();
    });
  }

  #fill(): void {
    const { bytesPerSecond, burstBytes, clock } = this.#options;
    const now = clock.now();
    this.#left = Math.min(burstBytes, this.#left + ((now - this.#at) * bytesPerSecond) / 1000);
    this.#at = now;
  }

  /** Wakes the first of the queue when something is left again. */
  #wait(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    if (this.#queue.size === 0) return;
    const { bytesPerSecond, clock } = this.#options;
    // A whole byte, so that what rounding leaves does not wake for nothing.
    const ms = (Math.max(0, 1 - this.#left) * 1000) / bytesPerSecond;
    this.#callOff = clock.after(ms, () => {
      this.#fill();
      for (const pass of this.#queue) {
        if (this.#left <= 0) break;
        this.#queue.delete(pass);
        pass();
      }
      this.#wait();
    });
  }
}
