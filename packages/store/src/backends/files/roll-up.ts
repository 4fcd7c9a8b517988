/** A listing of keys in order, with those rolled up that share a beginning: for backends that walk over their objects. */

import { afterPrefix, compareKeys } from '../../keys.ts';
import type { ListedObject, ListEntry, ListOptions } from '../../object-store.ts';

/** The first key that is still wanted. It moves on while a walk is under way; `undefined`: nothing more is. */
export interface Seek {
  from: string | undefined;
}

/** @param walk gives the objects with `prefix` in order; it need not give those before `seek.from`, which moves */
export async function* rollUp(
  { prefix = '', startAfter, delimiter = '' }: ListOptions,
  walk: (prefix: string, seek: Seek) => AsyncIterable<ListedObject>,
): AsyncGenerator<ListEntry> {
  const seek = firstWanted(prefix, startAfter);
  for await (const object of walk(prefix, seek)) {
    if (!isWanted(object.key, seek)) continue;
    const end = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end === -1) {
      yield object;
      continue;
    }
    const common = object.key.slice(0, end + delimiter.length);
    seek.from = afterPrefix(common);
    // A listing that begins after the prefix itself has had it.
    if (startAfter === undefined || compareKeys(common, startAfter) > 0)
      yield { type: 'prefix', prefix: common };
    if (seek.from === undefined) return;
  }
}

export function firstWanted(prefix: string, startAfter: string | undefined): Seek {
  // No key has a NUL: this is less than all that come after.
  const after = startAfter === undefined ? '' : `${startAfter}\0`;
  return { from: compareKeys(after, prefix) > 0 ? after : prefix };
}

/** Whether a key is still wanted. */
export function isWanted(key: string, { from }: Seek): boolean {
  return from !== undefined && compareKeys(key, from) >= 0;
}

/** Whether any key with this beginning can still be wanted. */
export function mayHaveWanted(beginning: string, seek: Seek): boolean {
  return isWanted(beginning, seek) || seek.from?.startsWith(beginning) === true;
}
