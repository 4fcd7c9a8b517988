/** The layer `readonly`: a store that nothing can be written to. */

import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { ReadonlyStore } from './readonly/readonly-store.ts';

/**
 * Refuses every write with `Unsupported`, as its capability `write: false` says: put, delete, copy, uploads, and URLs that
 * write. What is in `store` can be read, uploads in progress too.
 */
export function readonly(store: ObjectStore): Store {
  return new Store(new ReadonlyStore(toStore(store).inner));
}
