/** A store with some of its methods replaced: faults and counts in tests, over the real thing. */

import type { ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';

/** @returns `store`, but with `methods` in place of its own */
export function intercept(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  // A layer takes what is inside a `Store`, and would pass these methods by.
  return new Proxy(toStore(store).inner, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
