/** What holds for every codec: reads of several requests keep to one state, and no damage gives other bytes. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { toSource } from '../../body.ts';
import { memory } from '../../memory.ts';
import { objectRead } from '../../object-read.ts';
import type { GetOptions, ObjectStore } from '../../object-store.ts';
import type { Store } from '../../store.ts';
import { compress } from '../compress.ts';
import { encrypt } from '../encrypt.ts';
import { intercept } from '../intercept.testing.ts';

const layers: readonly { readonly name: string; readonly over: (inner: ObjectStore) => Store }[] = [
  {
    name: 'encrypt',
    over: (inner) => encrypt({ keys: { k: new Uint8Array(32) }, current: 'k' }, inner),
  },
  { name: 'compress', over: (inner) => compress({ frameBytes: 4096 }, inner) },
];

for (const { name, over } of layers) {
  test(`${name}: streams both ways, with a bounded number of bytes in memory`, async () => {
    const size = 32 * 1024 * 1024;
    const aheadMax = 3 * 1024 * 1024;
    const chunk = randomBytes(64 * 1024);
    const inner = memory();
    let given = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (; given < size; given += chunk.byteLength) yield await Promise.resolve(chunk);
    }
    let ahead = 0;
    let pulled = 0;
    const watched = intercept(inner, {
      put: (key, stored, options) => {
        let taken = 0;
        async function* watching(): AsyncGenerator<Uint8Array> {
          for await (const piece of toSource(stored).open()) {
            ahead = Math.max(ahead, given - taken);
            taken += piece.byteLength;
            yield piece;
          }
        }
        return inner.inner.put(key, watching(), options);
      },
      get: async (key, options) => {
        const read = await inner.inner.get(key, options);
        async function* watching(): AsyncGenerator<Uint8Array> {
          for await (const piece of read.body) {
            pulled += piece.byteLength;
            yield piece;
          }
        }
        return objectRead(read.info, read.range, watching());
      },
    });
    const store = over(watched);
    await store.put('a', body());
    assert.ok(ahead < aheadMax, `${ahead} bytes ahead while writing`);
    ahead = 0;
    pulled = 0;
    let read = 0;
    for await (const piece of await store.get('a')) {
      ahead = Math.max(ahead, pulled - read);
      read += piece.byteLength;
    }
    assert.equal(read, size);
    assert.ok(ahead < aheadMax, `${ahead} bytes ahead while reading`);
  });

  test(`${name}: damage anywhere gives Corrupt or the right bytes, whatever range is read`, async () => {
    const inner = memory();
    const store = over(inner);
    const size = 150_000;
    // Half of it shrinks, half of it does not.
    const original = Buffer.concat([randomBytes(size / 2), Buffer.alloc(size / 2, 'text ')]);
    await store.put('a', original);
    const stored = await inner.get('a').bytes();
    const at = fc.nat(stored.byteLength - 1);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), at, bits: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant('cut' as const), at }),
      fc.record({ kind: fc.constant('leave out' as const), at, count: fc.integer({ min: 1, max: 70_000 }) }),
      fc.record({
        kind: fc.constant('add' as const),
        at,
        bytes: fc.uint8Array({ minLength: 1, maxLength: 50 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        damage,
        fc.nat(size - 1),
        fc.integer({ min: 1, max: size }),
        async (how, start, length) => {
          let damaged = Buffer.from(stored);
          const rest = stored.subarray(how.at);
          const before = stored.subarray(0, how.at);
          if (how.kind === 'flip') damaged[how.at] = (damaged[how.at] ?? 0) ^ how.bits;
          else if (how.kind === 'cut') damaged = Buffer.from(before);
          else if (how.kind === 'leave out') damaged = Buffer.concat([before, rest.subarray(how.count)]);
          else damaged = Buffer.concat([before, how.bytes, rest]);
          await inner.put('a', damaged);
          const range = { start, end: Math.min(size, start + length) };
          try {
            const bytes = await store.get('a', { range }).bytes();
            assert.ok(original.subarray(range.start, range.end).equals(bytes));
          } catch (error) {
            const { code } = error as { code?: string };
            assert.ok(code === 'Corrupt' || code === 'InvalidRange', String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  suite(`${name}: an object that changes between the requests of a read`, () => {
    const size = 2_000_000;
    const body = (state: number): Buffer =>
      Buffer.from(Array.from({ length: size }, (_, i) => (i * 7919 * state) & 0xff));

    /** A store whose object `a` is overwritten before each pinned request, `times` times. */
    async function changing(times: number): Promise<{ store: Store; changes: () => number }> {
      const inner = memory();
      const plain = over(inner);
      await plain.put('a', body(1));
      let changes = 0;
      const get = async (key: string, options?: GetOptions): Promise<Awaited<ReturnType<Store['get']>>> => {
        if (options?.ifMatch !== undefined && changes < times) await plain.put('a', body(++changes + 1));
        return inner.get(key, options);
      };
      return {
        store: over(intercept(inner, { get })),
        changes: () => changes,
      };
    }

    test('is read as it is then', async () => {
      const { store, changes } = await changing(2);
      const bytes = await store.get('a', { range: { start: 1_000_000, end: 1_000_100 } }).bytes();
      assert.equal(changes(), 2);
      assert.deepEqual(bytes, new Uint8Array(body(3).subarray(1_000_000, 1_000_100)));
    });

    test('is PreconditionFailed for who asked for one state, and Conflict when it never stops', async () => {
      const { store } = await changing(100);
      const { etag } = await store.head('a');
      await assert.rejects(store.get('a', { ifMatch: etag, range: { start: 1_000_000 } }).bytes(), {
        code: 'PreconditionFailed',
      });
      await assert.rejects(store.get('a', { range: { start: 1_000_000 } }).bytes(), { code: 'Conflict' });
    });
  });
}
