/** Two listings side by side, in pages of any size. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { intercept } from '../layers/intercept.testing.ts';
import { LIST_PAGES } from '../list-pages.ts';
import type { ListsPages } from '../list-pages.ts';
import { memory } from '../memory.ts';
import type { ListedObject, ObjectStore } from '../object-store.ts';
import { drain } from '../testing/context.ts';
import { mergeListings } from './merge-listings.ts';

function object(key: string): ListedObject {
  return { type: 'object', key, size: 1, lastModified: new Date(0) };
}

/** A store whose listing comes in these pages. */
function paged(pages: readonly (readonly string[])[]): ObjectStore {
  const own: ListsPages = {
    async *[LIST_PAGES]() {
      for (const keys of pages) yield keys.map(object);
      await Promise.resolve();
    },
  };
  return intercept(memory(), own as Partial<ObjectStore>);
}

suite('listings side by side', () => {
  test('each key once, with what each store has, however pages are cut', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'é', '🚰');
    const pages = fc
      .tuple(fc.uniqueArray(key), fc.array(fc.nat(3), { maxLength: 8 }))
      .map(([keys, sizes]) => {
        const sorted = keys.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b)));
        return [...sizes.map((size) => sorted.splice(0, size)), sorted];
      });
    await fc.assert(
      fc.asyncProperty(pages, pages, async (left, right) => {
        const [a, b] = [new Set(left.flat()), new Set(right.flat())];
        const pairs = await drain(mergeListings(paged(left), paged(right), {}));
        assert.deepEqual(
          pairs.map(({ key: one, source, target }) => [one, source?.key, target?.key]),
          [...a.union(b)]
            .toSorted((x, y) => Buffer.from(x).compare(Buffer.from(y)))
            .map((one) => [one, a.has(one) ? one : undefined, b.has(one) ? one : undefined]),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('keys that do not ascend end it, within a page and from one to the next', async () => {
    for (const wrong of [[['a', 'c', 'b']], [['a', 'c'], [], ['b']], [['a'], ['a']]]) {
      const right = paged([['a', 'b', 'c']]);
      await assert.rejects(drain(mergeListings(paged(wrong), right, {})), { code: 'Unexpected' });
      await assert.rejects(drain(mergeListings(right, paged(wrong), {})), { code: 'Unexpected' });
    }
  });
});
