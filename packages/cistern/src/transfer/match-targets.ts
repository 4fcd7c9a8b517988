/** What is to be copied beside what is there already: two listings in the order of UTF-8 bytes, walked once, in constant memory. */

import { compareKeys } from '@cistern/store';
import type { ListedObject, ListEntry } from '@cistern/store';
import type { SourceEntry } from './sources.ts';

export interface Matched extends SourceEntry {
  readonly target: ListedObject | undefined;
}

/** @param targets objects whose keys begin with `prefix` */
export async function* matchTargets(
  sources: AsyncIterable<SourceEntry>,
  targets: AsyncIterable<ListEntry>,
  prefix: string,
): AsyncGenerator<Matched> {
  const listing = targets[Symbol.asyncIterator]();
  try {
    let next = await listing.next();
    for await (const { relative, entry } of sources) {
      let order = 1;
      while (next.done !== true) {
        order =
          next.value.type === 'object' ? compareKeys(next.value.key.slice(prefix.length), relative) : -1;
        if (order >= 0) break;
        next = await listing.next();
      }
      const target =
        order === 0 && next.done !== true && next.value.type === 'object' ? next.value : undefined;
      yield { relative, entry, target };
    }
  } finally {
    await listing.return?.();
  }
}
