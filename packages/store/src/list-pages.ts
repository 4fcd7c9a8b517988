/**
 * Listings a page at a time, for those who read many entries: several turns of the loop an entry, one in each layer and
 * iteration, become as many a page.
 */

import { throwIfAborted } from './errors.ts';
import type { ListEntry, ListOptions, ObjectStore } from './object-store.ts';
import { toStore } from './store.ts';

/** The method of a store whose listing comes in pages. */
export const LIST_PAGES: unique symbol = Symbol.for('cistern.listPages') as never;

export interface ListsPages {
  /** The entries of `list`, in their order, as many at a time as there are at once. Pages may be empty. */
  readonly [LIST_PAGES]: ((options: ListOptions) => AsyncIterable<readonly ListEntry[]>) | undefined;
}

/** The pages of any store: of one entry each where it has none. For layers, too, which forward those of the store behind them. */
export function listPages(store: ObjectStore, options: ListOptions): AsyncIterable<readonly ListEntry[]> {
  return pagesOf(store)?.(options) ?? pagesOfOne(toStore(store).inner.list(options));
}

/** The method of `store`, if it has it. */
export function pagesOf(store: ObjectStore): ListsPages[typeof LIST_PAGES] {
  const inner: ObjectStore & Partial<ListsPages> = toStore(store).inner;
  return inner[LIST_PAGES]?.bind(inner);
}

/** The entries of pages, until the signal fires. */
export async function* eachEntry(
  pages: AsyncIterable<readonly ListEntry[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListEntry> {
  for await (const entries of pages) {
    for (const entry of entries) {
      throwIfAborted(signal, 'list');
      yield entry;
    }
  }
}

async function* pagesOfOne(entries: AsyncIterable<ListEntry>): AsyncGenerator<readonly ListEntry[]> {
  for await (const entry of entries) yield [entry];
}
