/** The layer `prefix`: a part of a store as a store of its own. */

import type { ObjectStore } from '../object-store.ts';
import { Store, toStore } from '../store.ts';
import { PrefixStore } from './prefix/prefix-store.ts';

/**
 * The objects of `store` whose keys begin with `text`, without that beginning: `prefix('a/', store)` has `b` where `store` has
 * `a/b`. No key of it, whatever it holds, names an object without the prefix; the text is taken as it is, nothing is added
 * between it and a key. Keys may have as many bytes less as the prefix has. Closing it closes `store`.
 *
 * An object whose key is the prefix itself, and those below `.cistern/` after it, are not seen.
 *
 * @throws {StoreError} `InvalidArgument` when no key can begin so
 */
export function prefix(text: string, store: ObjectStore): Store {
  return new Store(new PrefixStore(text, toStore(store).inner));
}
