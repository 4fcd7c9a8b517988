/** The layer `limit`: no more than so many calls at once, and so many bytes a second. */

import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { LimitStore } from './limit/limit-store.ts';
import { Limits } from './limit/limits.ts';
import type { LimitOptions } from './limit/limits.ts';

export type { LimitOptions } from './limit/limits.ts';

/**
 * Lets no more than `concurrency` calls and `bytesPerSecond` bytes through to `store`; the others wait, first come, first
 * served, and a signal takes them out of the queue.
 *
 * - A `get` has its place until its body has ended or is closed: a put whose body is a get of the same limited store needs two.
 * - A listing and a `delete` have a place only while they ask the store, and not while the caller has the turn.
 * - Of uploads each call has a place; `follow` has none, since it waits for others, and neither has `abort`.
 * - Parts that a store writes at once for one call count as that call.
 *
 * With `bytesPerSecond`, bodies move in small chunks and a large `readInto` in pieces of one state of the object.
 *
 * @param options calls at once, or more than that
 * @throws {StoreError} `InvalidArgument`
 */
export function limit(options: LimitOptions | number, store: ObjectStore): Store {
  const limits = new Limits(typeof options === 'number' ? { concurrency: options } : options);
  return new Store(new LimitStore(limits, toStore(store).inner));
}
