/**
 * The keys of a map in the order of their UTF-8 bytes. New ones are collected and merged when somebody lists, so that many
 * puts cost one sort. A listing goes on over the keys of its beginning.
 */

import { compareKeys } from '../../keys.ts';

export class SortedKeys {
  #sorted: readonly string[] = [];
  #added = new Set<string>();
  #removed = 0;
  readonly #has: (key: string) => boolean;

  /** @param has whether a key is in the map; asked while merging */
  constructor(has: (key: string) => boolean) {
    this.#has = has;
  }

  /** To be called for keys that were not there. */
  add(key: string): void {
    this.#added.add(key);
  }

  /** To be called for keys that were there. */
  remove(): void {
    this.#removed++;
  }

  /** Some may have been removed since; no key is in it twice. Must not be changed. */
  get all(): readonly string[] {
    if (this.#added.size > 0 || this.#removed * 2 > this.#sorted.length) this.#merge();
    return this.#sorted;
  }

  #merge(): void {
    const added = [...this.#added].filter((key) => this.#has(key)).sort(compareKeys);
    const merged: string[] = [];
    let next = 0;
    for (const key of this.#sorted) {
      while (next < added.length && compareKeys(added[next] ?? '', key) < 0) merged.push(added[next++] ?? '');
      if (added[next] === key) next++;
      if (this.#has(key)) merged.push(key);
    }
    while (next < added.length) merged.push(added[next++] ?? '');
    this.#sorted = merged;
    this.#added = new Set();
    this.#removed = 0;
  }
}
