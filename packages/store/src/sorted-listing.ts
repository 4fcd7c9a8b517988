/** A listing over keys that are sorted in memory: ranges by bisection, common prefixes passed whatever they hold. */

import { throwIfAborted } from './errors.ts';
import { afterPrefix, compareKeys } from './keys.ts';
import type { ListedObject, ListEntry, ListOptions } from './object-store.ts';

/**
 * @param keys in the order of UTF-8 bytes; must not change meanwhile
 * @param look what a key has now; `undefined` when it is gone
 */
export async function* listSorted(
  keys: readonly string[],
  look: (key: string) => ListedObject | undefined,
  { prefix = '', startAfter, delimiter = '', signal }: ListOptions,
): AsyncGenerator<ListEntry> {
  const isAfterStart = (key: string): boolean =>
    compareKeys(key, prefix) >= 0 && (startAfter === undefined || compareKeys(key, startAfter) > 0);
  let index = firstIndex(keys, isAfterStart);
  for (let key = keys[index]; key?.startsWith(prefix) === true; key = keys[index]) {
    throwIfAborted(signal, 'list');
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = look(key);
    if (entry === undefined) {
      index++;
    } else if (end === -1) {
      index++;
      yield entry;
    } else {
      const common = key.slice(0, end + delimiter.length);
      const next = afterPrefix(common);
      index = next === undefined ? keys.length : firstIndex(keys, (other) => compareKeys(other, next) >= 0);
      // A listing that begins after the prefix itself has had it.
      if (startAfter === undefined || compareKeys(common, startAfter) > 0) {
        yield { type: 'prefix', prefix: common };
      }
    }
  }
}

/** @returns the index of the first of `keys` for which `isAfter`; they must be sorted by it */
function firstIndex(keys: readonly string[], isAfter: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(keys[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
