/** Listings come out in the order of UTF-8 bytes, whichever of the two orders they come in. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../keys.ts';
import { boundInAnyOrder, inKeyOrder } from './order.ts';

const character = fc.constantFrom('a', 'b', '\u{e9}', '\ue000', '\uff5e', '\u{1f6b0}', '\u{10ffff}');
const name = fc.array(character, { minLength: 1, maxLength: 5 }).map((all) => all.join(''));
const byUnits = (a: string, b: string): number => (a < b ? -1 : 1);

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

test('names in the order of units or of bytes come out in that of bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 40 }), async (names) => {
      const expected = [...names].sort(compareKeys);
      for (const come of [[...names].sort(byUnits), expected]) {
        const found = await Array.fromAsync(inKeyOrder(each(come), (one) => one, 0));
        assert.deepEqual(found, expected);
      }
    }),
  );
});

test('what all names have in common holds nothing back', async () => {
  const prefix = '\u{1f6b0}/';
  let given = 0;
  async function* coming(): AsyncGenerator<string> {
    for (const one of ['a', 'b', 'c']) {
      assert.equal(given, 'abc'.indexOf(one), 'those before have been passed on');
      yield prefix + one;
    }
  }
  for await (const one of inKeyOrder(coming(), (text) => text, prefix.length)) {
    assert.ok(one.startsWith(prefix));
    given++;
  }
  assert.equal(given, 3);
});

test('a bound is before all keys after the key, in both orders', () => {
  fc.assert(
    fc.property(name, name, (key, other) => {
      const bound = boundInAnyOrder(key);
      if (compareKeys(other, key) <= 0) return;
      assert.ok(compareKeys(other, bound) > 0 && other > bound);
    }),
  );
});
