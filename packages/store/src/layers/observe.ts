/** The layer `observe`: hooks for metrics, traces and logs. */

import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { ObserveStore } from './observe/observe-store.ts';
import { Observer } from './observe/observer.ts';
import type { ObserveHooks } from './observe/observer.ts';

export type { ObservedCall, ObservedEnd, ObservedOperation, ObserveHooks } from './observe/observer.ts';

/**
 * Tells `hooks` of every call: its operation and key when it begins; duration, bytes and the error's code when it has ended.
 * Placed around `retry` it sees calls, placed within it sees attempts. Changes nothing of what is stored or answered, and
 * what hooks throw is dropped.
 *
 *     observe({ onEnd: ({ operation }, { durationMs, errorCode }) => histogram.record(durationMs, { operation, errorCode }) }, store)
 */
export function observe(hooks: ObserveHooks, store: ObjectStore): Store {
  return new Store(new ObserveStore(new Observer(hooks), toStore(store).inner));
}
