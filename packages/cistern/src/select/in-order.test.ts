/** @module Listings one after the other, the next ones begun. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { inOrder } from './in-order.ts';

suite('in order', () => {
  test('the next few are begun, and all are ended when nobody goes on', async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    async function* numbers(of: number): AsyncGenerator<number> {
      begun.push(of);
      try {
        for (let i = 0; i < 3; i++) yield await Promise.resolve(of * 10 + i);
      } finally {
        ended.push(of);
      }
    }
    async function* lists(): AsyncGenerator<AsyncIterable<number>> {
      for (let of = 0; of < 100; of++) yield await Promise.resolve(numbers(of));
    }
    const seen: number[] = [];
    for await (const number of inOrder(lists())) {
      seen.push(number);
      if (seen.length === 4) break;
    }
    assert.deepEqual(seen, [0, 1, 2, 10]);
    assert.deepEqual([begun.at(-1), ended.toSorted((a, b) => a - b)], [5, [0, 1, 2, 3, 4, 5]]);
  });

  test('one that fails before its turn fails in its turn', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield* [];
      throw await Promise.resolve(new Error('planned'));
    }
    async function* lists(): AsyncGenerator<AsyncIterable<number>> {
      yield* [1, 2].map(async function* (number) {
        yield await Promise.resolve(number);
      });
      yield failing();
    }
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const number of inOrder(lists())) {
        seen.push(number);
        // Time for a failure that nobody awaits to be taken for one that nobody will.
        await setImmediate();
      }
    }, /planned/);
    assert.deepEqual(seen, [1, 2]);
  });
});
