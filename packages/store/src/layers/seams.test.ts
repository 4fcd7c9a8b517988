/** What layers pass on beside the interface: copies on the side of the store, for `sync`, and the cleaner of uploads. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { StoreError } from '../errors.ts';
import { memory } from '../memory.ts';
import type { ObjectStore } from '../object-store.ts';
import { sync } from '../sync/sync.ts';
import { rejects } from '../testing/context.ts';
import { CLEAN_UPLOADS, cleanUploads } from '../uploads/clean-uploads.ts';
import type { CleansUploads } from '../uploads/clean-uploads.ts';
import { intercept } from './intercept.testing.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import type { ObservedCall } from './observe.ts';
import { prefix } from './prefix.ts';
import { LAYERS } from './table.fixtures.ts';

/** `prefix` has no cleaner: that of the store behind would clean what is not below it. */
const COPIES = ['limit', 'observe', 'prefix', 'retry'];
const COPIED = [...COPIES, 'readonly'];
const CLEANS = ['limit', 'observe', 'retry'];

function layer(name: string, store: ObjectStore): ObjectStore {
  const { wrap } = LAYERS[name] ?? {};
  assert.ok(wrap !== undefined);
  return wrap(store);
}

/** A store whose bytes nobody may see. */
async function sealed(): Promise<ObjectStore> {
  const store = memory();
  await store.put('below/a', 'x');
  await store.put('source/a', 'x');
  const refuse = (): Promise<never> =>
    Promise.reject(new StoreError('Unexpected', 'bytes pass through here'));
  return intercept(store, { get: refuse, put: refuse });
}

suite('seams of layers', () => {
  for (const name of COPIED) {
    test(`what is below ${name} is copied on the side of the store`, async () => {
      const store = await sealed();
      const from = layer(name, name === 'prefix' ? store : prefix('below/', store));
      const { copied, failed } = await sync(from, prefix('to/', store)).finish();
      assert.deepEqual({ copied, failed }, { copied: 1, failed: 0 });
    });
  }

  for (const name of COPIES) {
    test(`to what is below ${name} it is copied on the side of the store`, async () => {
      const store = await sealed();
      const to = layer(name, prefix('to/', store));
      const { copied, failed } = await sync(prefix('source/', store), to).finish();
      assert.deepEqual({ copied, failed }, { copied: 1, failed: 0 });
    });
  }

  test('a store that is not to be written to is not copied to', async () => {
    const store = await sealed();
    const running = sync(prefix('source/', store), layer('readonly', prefix('to/', store)));
    const [record] = await Array.fromAsync(running);
    assert.equal(record?.key, 'a');
    assert.equal(running.summary.failed, 1);
    assert.equal(running.summary.isComplete, true);
  });

  test('copies inside the store are observed, and limited', async () => {
    const store = await sealed();
    const calls: ObservedCall[] = [];
    const seen = observe({ onStart: (call) => void calls.push(call) }, prefix('to/', store));
    await sync(prefix('source/', store), seen).finish();
    assert.deepEqual(calls.at(-1), { operation: 'copy', key: 'a', from: 'source/a' });

    let [running, most] = [0, 0];
    const counted = intercept(store, {
      copy: async (...args) => {
        most = Math.max(most, ++running);
        await setImmediate();
        const info = await store.copy(...args);
        running--;
        return info;
      },
    });
    for (let i = 0; i < 20; i++) await counted.copy('source/a', `source/${i}`);
    most = 0;
    const busy = limit({ concurrency: 2 }, prefix('more/', counted));
    assert.equal((await sync(prefix('source/', counted), busy, { concurrency: 8 }).finish()).copied, 21);
    assert.equal(most, 2);
  });

  for (const name of CLEANS) {
    test(`the cleaner below ${name} is the one that is called`, async () => {
      const asked: unknown[] = [];
      const cleaned = [{ key: 'a', id: '1', reason: 'leftover' }] as const;
      const own: CleansUploads = {
        [CLEAN_UPLOADS]: (options) => {
          asked.push(options);
          return Promise.resolve([...cleaned]);
        },
      };
      const store = intercept(memory(), own as object);
      const { signal } = new AbortController();
      const options = { olderThanMs: 5, dryRun: true, signal };
      assert.deepEqual(await cleanUploads(layer(name, store), options), cleaned);
      assert.deepEqual(asked, [options]);
      const plain = memory();
      await (await plain.upload('left')).detach();
      assert.equal((await cleanUploads(layer(name, plain), { olderThanMs: 0 }))[0]?.reason, 'abandoned');
    });
  }

  test('what cannot be written to is not cleaned', async () => {
    const store = memory();
    await (await store.upload('left')).detach();
    await rejects(cleanUploads(layer('readonly', store), { olderThanMs: 0 }), 'Unsupported');
  });
});
