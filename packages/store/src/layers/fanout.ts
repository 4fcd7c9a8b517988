/** The layer that writes to several stores, and reads from the first or the fastest of them. */

import { StoreError } from '../errors.ts';
import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import type { Divergence } from './fanout/divergence.ts';
import { FanoutStore } from './fanout/fanout-store.ts';

export interface FanoutOptions {
  /** stores that must have taken a write for it to succeed, the first among them; all of them when left out */
  readonly quorum?: number | undefined;
  /**
   * `first` (when left out): the first store is read; the others, in their order, when it is out of reach. `fastest`: another one is asked
   * when there is no answer for `hedgeMs`, and the first answer counts.
   */
  readonly read?: 'first' | 'fastest' | undefined;
  /** milliseconds; 50 when left out */
  readonly hedgeMs?: number | undefined;
  /**
   * milliseconds that a store other than the first may keep the others waiting, with a stream or with its end, before it is given up,
   * as far as the quorum allows. When left out the slowest sets the pace.
   */
  readonly dropAfterMs?: number | undefined;
  /** `true` (when left out): a key that is known to differ somewhere is made equal when it is read */
  readonly repairOnRead?: boolean | undefined;
  /** told of each difference between the stores as it is seen; must not throw */
  readonly onDivergence?: ((divergence: Divergence) => void) | undefined;
}

/**
 * Several stores as one. The first is the **primary**: it is part of every quorum, decides conditions (`create`, `ifMatch`), and is what
 * the others are compared with and repaired by. Attributes, sizes of keys and objects: what all can take.
 *
 * **Writes** go to all at the same time; a stream is read once, and the fastest store is at most four chunks ahead of the slowest. Those with a
 * condition, and completed uploads, go to the primary first, and from there to the others. A write fails with the primary's error, or
 * when fewer than `quorum` stores have taken it. Nothing is rolled back then: each store has the old object or the new one. What
 * is known to differ is reported, not read from, and repaired when it is next read; `repair` finds what is not known. Writes of one key at the same
 * time by this process end with all stores equal. Those of several processes may leave differences that only `repair` finds.
 *
 * **Reads** come from the primary. When it is out of reach (not: when it says that there is no such object), or slow with `fastest`, another store
 * answers, whose etag begins with `fanout-`: a later read with that `ifMatch` goes to the same store, and a write
 * with it is `PreconditionFailed`. A store that missed writes of another process, or of an earlier one, may answer with an old
 * object. A body that breaks off in the middle rejects; give the stores a `retry` each. Listings are the primary's, and go on with another store's when it fails.
 *
 * Uploads in progress live on the primary. No presigned URLs (`Unsupported`): they would reach one store alone.
 *
 * @param stores at least one; the primary first
 * @throws {StoreError} `InvalidArgument`
 */
export function fanout(stores: readonly ObjectStore[], options: FanoutOptions = {}): Store {
  if (!(Symbol.iterator in stores))
    throw invalid('A fan-out is of an array of stores: fanout([a, b], options)');
  const [primary, ...others] = stores.map((store) => toStore(store).inner);
  if (primary === undefined) throw invalid('A fan-out has at least one store');
  const { quorum = stores.length, read = 'first', hedgeMs = 50, dropAfterMs } = options;
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > stores.length) {
    throw invalid(
      `A quorum of ${stores.length} stores is a whole number from 1 to ${stores.length}, not ${quorum}`,
    );
  }
  for (const [name, value] of Object.entries({ hedgeMs, dropAfterMs })) {
    if (value !== undefined && !(value >= 0))
      throw invalid(`${name} is a number of milliseconds, not ${value}`);
  }
  const layer = new FanoutStore(primary, others, {
    quorum,
    read,
    hedgeMs,
    dropAfterMs,
    repairOnRead: options.repairOnRead ?? true,
    onDivergence: options.onDivergence ?? ((): void => undefined),
  });
  return new Store(layer);
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
