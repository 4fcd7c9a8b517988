/** Reads of several requests keep to one state of the object. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { memory } from '../../memory.ts';
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
