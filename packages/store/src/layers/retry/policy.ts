/** How often and how long `retry` tries: its options, checked once. */

import { StoreError } from '../../errors.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';

export interface RetryOptions {
  /** tries in all; 5 when left out */
  readonly attempts?: number | undefined;
  /**
   * milliseconds; the wait before the n-th repetition is a random part of `waitBaseMs * 2 ** (n - 1)`, and no less than the
   * store asked for (`retryAfterMs`). 100 when left out
   */
  readonly waitBaseMs?: number | undefined;
  /** milliseconds of a wait at most; a store that asks for more is not asked again. 20,000 when left out */
  readonly waitMsMax?: number | undefined;
  /**
   * milliseconds without a sign of life: until `get` answers, between two chunks of a body or two entries of a listing. Time
   * that the caller takes does not count. 60,000 when left out
   */
  readonly stallTimeoutMs?: number | undefined;
  /**
   * milliseconds of an attempt that shows nothing until it has ended: `copy`, `readInto`, the end of a `put`, all of a
   * `put` from memory, and the calls of uploads. A millisecond is added for every 100 bytes that are known to move. 600,000 when left out
   */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * milliseconds of a call as a whole, attempts and waits; without an end when left out. A body and a listing are given it
   * anew whenever they break off.
   */
  readonly deadlineMs?: number | undefined;
  /**
   * `true`: what is written under a condition carries a random mark in its metadata, `cistern-put`, by which an attempt
   * whose answer was lost is known again. `false` when left out
   */
  readonly mark?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** 0 or more, less than 1 */
  readonly random?: (() => number) | undefined;
}

export type RetryPolicy = {
  readonly [name in keyof RetryOptions]-?: Exclude<RetryOptions[name], undefined>;
};

/** @throws {StoreError} `InvalidArgument` */
export function toPolicy(options: RetryOptions | number): RetryPolicy {
  const given = typeof options === 'number' ? { attempts: options } : options;
  const policy: RetryPolicy = {
    attempts: given.attempts ?? 5,
    waitBaseMs: given.waitBaseMs ?? 100,
    waitMsMax: given.waitMsMax ?? 20_000,
    stallTimeoutMs: given.stallTimeoutMs ?? 60_000,
    attemptTimeoutMs: given.attemptTimeoutMs ?? 600_000,
    deadlineMs: given.deadlineMs ?? Number.POSITIVE_INFINITY,
    mark: given.mark ?? false,
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  };
  if (!Number.isSafeInteger(policy.attempts) || policy.attempts < 1) {
    throw new StoreError('InvalidArgument', `attempts is 1 or more, not ${policy.attempts}`);
  }
  for (const name of [
    'waitBaseMs',
    'waitMsMax',
    'stallTimeoutMs',
    'attemptTimeoutMs',
    'deadlineMs',
  ] as const) {
    if (policy[name] >= 0) continue;
    throw new StoreError('InvalidArgument', `${name} is a number of milliseconds, not ${policy[name]}`);
  }
  return policy;
}

/** No transfer that goes on is slower. */
const BYTES_PER_MS_MIN = 100;

/** Milliseconds that an attempt may take which moves so many bytes out of sight. */
export function attemptTimeoutMs(policy: RetryPolicy, bytes = 0): number {
  return policy.attemptTimeoutMs + bytes / BYTES_PER_MS_MIN;
}
