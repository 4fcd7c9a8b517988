/** Where a key is, in words that can be compared: whether two are one, or one is below the other. */

import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OpenPlace } from './places.ts';

const numbers = new WeakMap<object, number>();
let count = 0;

/** Tells keys of one store, and files of this machine, apart from all others; a key of one that begins with another's is below it. */
export function address(open: OpenPlace, key: string): string {
  const { place, store } = open;
  if (place.kind === 'local') return realPath(open.name(key)).replaceAll('\\', '/');
  const number = numbers.get(store) ?? ++count;
  numbers.set(store, number);
  return `${number}:/${key}`;
}

/** Links on the way are followed, as far as there is something. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), path.slice(parent.length));
  }
}
