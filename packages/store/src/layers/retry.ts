/** The layer `retry`: calls that fail for a time are made again. */

import type { StoreOperation } from '../errors.ts';
import type { CallOptions, ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { Attempts } from './retry/attempts.ts';
import { toPolicy } from './retry/policy.ts';
import type { RetryOptions } from './retry/policy.ts';
import { RetryStore } from './retry/retry-store.ts';

export type { Clock } from './retry/clock.ts';
export type { RetryOptions } from './retry/policy.ts';

/**
 * Makes calls again that failed with a `temporary` error, after a random wait that grows, and ends those that get no
 * answer (`Timeout`). It is the one place for attempts and time-outs: stores below it try once. What fails to the end
 * rejects with the last error.
 *
 * - `get`: a body that breaks off goes on from the byte where it stopped, from the same state of the object; if that is
 *   gone it rejects with `Conflict`. `readInto` likewise, `list` behind the last entry.
 * - `put`: a stream of which something was read is not tried again: give a `Blob`, bytes or a file for that.
 * - Writes under a condition (`create`, `ifMatch`), and the `complete` of an upload: when an attempt had no answer and the next one finds the
 *   condition failed, the first may have done it. With `mark` it is known and resolves; without, it rejects with the first attempt's error,
 *   as `permanent`, and never with an `AlreadyExists` or `PreconditionFailed` that may be false. Equal bytes prove
 *   nothing: somebody else may have written the same.
 * - `delete`: keys that fail for a time are tried again. A key that is written anew between two attempts is deleted then.
 * - Uploads are resumed when their writer fails, and keep a copy of what is not committed for that: memory for twice the parts under way.
 *
 * A time-out counts while the store is waited for, and not the caller. A call on the caller's memory (`put`, `readInto`)
 * that has timed out is waited for until the store has let go of it.
 *
 * @param options attempts in all, or more than that
 * @throws {StoreError} `InvalidArgument`
 */
export function retry(options: RetryOptions | number, store: ObjectStore): Store {
  return new Store(new RetryStore(toPolicy(options), toStore(store).inner));
}

/** What a call of no store is for, as its errors say it. */
export interface RetriedCall extends CallOptions {
  readonly operation: StoreOperation;
  readonly key?: string | undefined;
}

/** The attempts of `retry` for calls that no store has: for what services do beside. Each must be one that may be made twice. */
export function retrying(
  options: RetryOptions | number,
): <T>(call: RetriedCall, act: () => Promise<T>) => Promise<T> {
  const policy = toPolicy(options);
  return ({ operation, key, signal }, act) => {
    const attempts = new Attempts(policy, operation, key, signal);
    return attempts.run((watchdog) => act().finally(() => watchdog.stop()));
  };
}
