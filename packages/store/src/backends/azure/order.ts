/**
 * Puts a listing into the order of UTF-8 bytes that comes in that of UTF-16 units, as .NET compares text, or in the order of
 * UTF-8 bytes already. The two differ only where characters from U+10000 on stand against U+E000 to U+FFFF: the entries that begin
 * alike up to such a character are held until the last of them has come, and sorted. All others pass at once.
 */

import { compareKeys } from '../../keys.ts';

/**
 * @param nameOf what an entry is ordered by
 * @param base units that all names have in common
 */
export async function* inKeyOrder<T>(
  entries: AsyncIterable<T>,
  nameOf: (entry: T) => string,
  base: number,
): AsyncGenerator<T> {
  let held: T[] = [];
  let common = '';
  for await (const entry of entries) {
    const name = nameOf(entry);
    if (held.length > 0) {
      if (name.startsWith(common) && name.charCodeAt(common.length) >= 0xd800) {
        held.push(entry);
        continue;
      }
      yield* sorted(held, nameOf);
      held = [];
    }
    const at = firstSurrogate(name, base);
    if (at === -1) {
      yield entry;
    } else {
      held.push(entry);
      common = name.slice(0, at);
    }
  }
  yield* sorted(held, nameOf);
}

function sorted<T>(held: T[], nameOf: (entry: T) => string): T[] {
  return held.sort((a, b) => compareKeys(nameOf(a), nameOf(b)));
}

function firstSurrogate(name: string, base: number): number {
  for (let at = base; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xe000) return at;
  }
  return -1;
}

/** The longest beginning of `key` that is before all keys after `key`, in either order. */
export function boundInAnyOrder(key: string): string {
  const at = key.search(/[\ud800-\uffff]/);
  return at === -1 ? key : key.slice(0, at);
}
