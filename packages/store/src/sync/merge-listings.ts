/**
 * Two listings side by side, in constant memory: each key of either, with what each store has of it. A listing that is out of
 * order would make keys look missing: it ends the merge before anything follows from it.
 */

import { StoreError } from '../errors.ts';
import { compareKeys } from '../keys.ts';
import { listPages } from '../list-pages.ts';
import type { ListedObject, ListEntry, ListOptions, ObjectStore } from '../object-store.ts';

/** At least one of the two is there. */
export interface KeyPair {
  readonly key: string;
  readonly source: ListedObject | undefined;
  readonly target: ListedObject | undefined;
}

/** @throws {StoreError} `Unexpected` for a listing whose keys do not ascend, and whatever the listings reject with */
export async function* mergeListings(
  from: ObjectStore,
  to: ObjectStore,
  options: ListOptions,
): AsyncGenerator<KeyPair> {
  const sources = new Ascending(from, options);
  const targets = new Ascending(to, options);
  try {
    await Promise.all([sources.next(), targets.next()]);
    for (;;) {
      const source = sources.entry;
      const target = targets.entry;
      if (source === undefined && target === undefined) return;
      const order =
        source === undefined ? 1 : target === undefined ? -1 : compareKeys(source.key, target.key);
      const key = (order <= 0 ? source?.key : target?.key) ?? '';
      yield { key, source: order <= 0 ? source : undefined, target: order >= 0 ? target : undefined };
      const left = order <= 0 ? sources.next() : undefined;
      const right = order >= 0 ? targets.next() : undefined;
      // Within a page there is nothing to wait for.
      if (left !== undefined || right !== undefined) await Promise.all([left, right]);
    }
  } finally {
    await Promise.all([sources.close(), targets.close()]);
  }
}

class Ascending {
  readonly #store: ObjectStore;
  readonly #pages: AsyncIterator<readonly ListEntry[]>;
  #page: readonly ListEntry[] = [];
  #index = 0;
  /** the first that was not passed yet; `undefined` at the end */
  entry: ListedObject | undefined;

  constructor(store: ObjectStore, options: ListOptions) {
    this.#store = store;
    this.#pages = listPages(store, options)[Symbol.asyncIterator]();
  }

  /** Goes on by one entry. @returns a promise when the next one is not there yet */
  next(): Promise<void> | undefined {
    if (this.#index === this.#page.length) return this.#nextPage();
    const before = this.entry;
    // Without a delimiter there are objects alone.
    const entry = this.#page[this.#index++] as ListedObject;
    this.entry = entry;
    if (before === undefined || compareKeys(before.key, entry.key) < 0) return undefined;
    const keys = `${JSON.stringify(entry.key)} after ${JSON.stringify(before.key)}`;
    return Promise.reject(
      new StoreError(
        'Unexpected',
        `${this.#store.toString()} lists ${keys}: keys must ascend by their UTF-8 bytes, or nothing can be compared`,
        { operation: 'list', key: entry.key },
      ),
    );
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }

  async #nextPage(): Promise<void> {
    for (;;) {
      const next = await this.#pages.next();
      if (next.done === true) {
        this.entry = undefined;
        return;
      }
      if (next.value.length === 0) continue;
      this.#page = next.value;
      this.#index = 0;
      await this.next();
      return;
    }
  }
}
