/**
 * Two listings side by side, in constant memory: each key of either, with what each store has of it. A listing that is out of
 * order would make keys look missing: it ends the merge before anything follows from it.
 */

import { StoreError } from '../errors.ts';
import { compareKeys } from '../keys.ts';
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
      if (order === 0) await Promise.all([sources.next(), targets.next()]);
      else if (order < 0) await sources.next();
      else await targets.next();
    }
  } finally {
    await Promise.all([sources.close(), targets.close()]);
  }
}

class Ascending {
  readonly #store: ObjectStore;
  readonly #entries: AsyncIterator<ListEntry>;
  /** the first that was not passed yet; `undefined` at the end */
  entry: ListedObject | undefined;

  constructor(store: ObjectStore, options: ListOptions) {
    this.#store = store;
    this.#entries = store.list(options)[Symbol.asyncIterator]();
  }

  async next(): Promise<void> {
    const next = await this.#entries.next();
    const before = this.entry;
    // Without a delimiter there are objects alone.
    this.entry = next.done === true ? undefined : (next.value as ListedObject);
    if (before === undefined || this.entry === undefined) return;
    if (compareKeys(before.key, this.entry.key) < 0) return;
    const keys = `${JSON.stringify(this.entry.key)} after ${JSON.stringify(before.key)}`;
    throw new StoreError(
      'Unexpected',
      `${this.#store.toString()} lists ${keys}: keys must ascend by their UTF-8 bytes, or nothing can be compared`,
      { operation: 'list', key: this.entry.key },
    );
  }

  async close(): Promise<void> {
    await this.#entries.return?.();
  }
}
