/** Places for calls and bytes a second: who waits for what, in which order, and who does not. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { collect } from '../body.ts';
import { memory } from '../memory.ts';
import { drain, rejects, sample, sameBytes, stream } from '../testing/context.ts';
import { JumpingClock } from './clock.fixtures.ts';
import { FaultyStore } from './faulty.fixtures.ts';
import { intercept } from './intercept.testing.ts';
import { limit } from './limit.ts';
import { TokenBucket } from './limit/token-bucket.ts';

/** Lets everything go on that can. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

suite('limit: calls at once', () => {
  test('no more than so many are let through, in the order in which they came', async () => {
    const inner = memory();
    const waiting: (() => void)[] = [];
    const order: string[] = [];
    const held = intercept(inner, {
      put: async (key, body) => {
        order.push(key);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return inner.put(key, body);
      },
    });
    const store = limit({ concurrency: 2 }, held);
    const puts = ['a', 'b', 'c', 'd', 'e'].map((key) => store.put(key, 'x'));
    await settled();
    assert.deepEqual(order, ['a', 'b']);
    waiting.shift()?.();
    await settled();
    assert.deepEqual(order, ['a', 'b', 'c']);
    while (order.length < 5 || waiting.length > 0) {
      waiting.shift()?.();
      await settled();
    }
    await Promise.all(puts);
    assert.deepEqual(order, ['a', 'b', 'c', 'd', 'e']);
  });

  test('a get has its place until its body has ended, was left, failed or is closed', async () => {
    const store = limit({ concurrency: 1 }, new FaultyStore({ get: ['ok', 'ok', 'ok', 10, 'before'] }));
    await store.put('a', sample(3_000_000));
    const ends: ((read: Awaited<ReturnType<typeof store.get>>) => Promise<unknown>)[] = [
      (read) => drain(read.body),
      (read) => read.close(),
      async (read) => {
        for await (const chunk of read.body) if (chunk.byteLength > 0) break;
      },
      (read) => rejects(drain(read.body), 'Unavailable'),
    ];
    for (const end of ends) {
      const read = await store.get('a');
      let isThrough = false;
      const copied = store.copy('a', 'b').then(() => (isThrough = true));
      await settled();
      assert.equal(isThrough, false);
      await end(read);
      await copied;
    }
    await rejects(store.get('a'), 'Unavailable');
    await store.head('a');
    await store.copy('a', 'b');
  });

  test('a signal takes a call out of the queue, and the others go on', async () => {
    const store = limit({ concurrency: 1 }, memory());
    await store.put('a', 'x');
    const read = await store.get('a');
    const control = new AbortController();
    const left = store.put('b', 'x', { signal: control.signal });
    const stays = store.put('c', 'x');
    control.abort();
    await rejects(left, 'Aborted');
    await read.close();
    await stays;
    assert.deepEqual(await drain(store.keys()), ['a', 'c']);
  });

  test('a listing, a delete and a follower leave room for those who work on what they give', async () => {
    const store = limit({ concurrency: 1 }, memory());
    for (const key of ['a', 'b', 'c']) await store.put(key, key);
    for await (const key of store.keys()) assert.equal(await store.get(key).text(), key);
    const { deleted } = await store.deleteMany(store.keys());
    assert.equal(deleted, 3);
    const up = await store.upload('d');
    const followed = collect((await store.openUpload('d')).follow());
    await settled();
    await up.write('hello');
    await up.complete();
    assert.equal(new TextDecoder().decode(await followed), 'hello');
    assert.deepEqual(await drain(store.listUploads()), []);
  });

  test('what was left early or failed gives its place back', async () => {
    const faulty = new FaultyStore({ list: [1], delete: [1], put: ['before'], complete: ['before'] });
    const store = limit({ concurrency: 1 }, faulty);
    await rejects(store.put('a', 'x'), 'Unavailable');
    for (const key of ['a', 'b', 'c', 'd']) await store.put(key, key);
    await rejects(drain(store.list()), 'Unavailable');
    await rejects(drain(store.delete(['a', 'b'])), 'Unavailable');
    for await (const { key } of store.delete(store.keys())) {
      assert.equal(key, 'c');
      break;
    }
    const up = await store.upload('e');
    await rejects(up.complete(), 'Unavailable');
    await up.abort();
    assert.deepEqual(await drain(store.keys()), ['d']);
  });
});

suite('limit: bytes a second', () => {
  const over = (bytesPerSecond: number, burstBytes?: number) => {
    const clock = new JumpingClock();
    return { clock, store: limit({ bytesPerSecond, burstBytes, clock }, memory()) };
  };

  test('bodies take their time in both directions', async () => {
    const { clock, store } = over(100_000, 1);
    const bytes = sample(500_000);
    await store.put('a', bytes);
    const put = clock.now();
    // The last piece moves as soon as those before are paid for.
    assert.ok(put > 4000 && put <= 5000, `the put took ${put} ms`);
    await store.put('b', stream(bytes, 50_000));
    const streamed = clock.now() - put;
    assert.ok(streamed > 4000 && streamed <= 5700, `the stream took ${streamed} ms`);
    sameBytes(await store.get('a').bytes(), bytes);
    const before = clock.now();
    const into = new Uint8Array(3_000_000);
    await store.put('c', new Uint8Array(2_500_000));
    await store.readInto('c', into);
    assert.ok(clock.now() - before > 40_000);
  });

  test('what was not used may move at once', async () => {
    const { clock, store } = over(1000, 5000);
    await store.put('a', sample(4000));
    assert.equal(clock.now(), 0);
    await store.get('a').bytes();
    await store.get('a').bytes();
    assert.equal(Math.round(clock.now() / 100), 30);
  });

  test('those who wait are served in their order, and a signal takes one out', async () => {
    const { store } = over(1000, 1000);
    await store.put('a', sample(2000));
    const order: string[] = [];
    const control = new AbortController();
    const put = (key: string, signal?: AbortSignal): Promise<unknown> =>
      store.put(key, sample(500), { signal }).then(() => order.push(key));
    const all = [put('b'), put('c', control.signal), put('d'), put('e')];
    await Promise.resolve();
    control.abort();
    await rejects(all[1] as Promise<unknown>, 'Aborted');
    await Promise.all([all[0], all[2], all[3]]);
    assert.deepEqual(order, ['b', 'd', 'e']);
  });

  test('who comes when something is left again does not pass by those who wait', async () => {
    let now = 0;
    const timers: (() => void)[] = [];
    const clock = {
      now: () => now,
      after: (_ms: number, act: () => void) => {
        timers.push(act);
        return () => undefined;
      },
    };
    const bucket = new TokenBucket({ bytesPerSecond: 1000, burstBytes: 1000, clock });
    const asker = { operation: 'put' } as const;
    const order: string[] = [];
    await bucket.take(2000, asker);
    const first = bucket.take(1, asker).then(() => order.push('first'));
    now = 1000.5;
    const second = bucket.take(1, asker).then(() => order.push('second'));
    await settled();
    assert.deepEqual(order, []);
    while (order.length < 2) {
      now += 1;
      timers.pop()?.();
      await settled();
    }
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first', 'second']);
  });

  test('a large read into memory is of one state', async () => {
    const inner = memory();
    const bytes = sample(3_000_000);
    await inner.put('a', bytes);
    let pieces = 0;
    const changing = intercept(inner, {
      readInto: async (key, targets, options) => {
        if (++pieces === 2) await inner.put('a', sample(3_000_000, 2));
        return inner.readInto(key, targets, options);
      },
    });
    const store = limit({ bytesPerSecond: 1e12 }, changing);
    await rejects(store.readInto('a', new Uint8Array(3_000_000)), 'Conflict');
    await inner.put('a', bytes);
    const into = new Uint8Array(3_000_000);
    await store.readInto('a', into);
    sameBytes(into, bytes);
  });

  test('limits that make no sense are refused', () => {
    for (const options of [
      { concurrency: 0 },
      { concurrency: 1.5 },
      { bytesPerSecond: 0 },
      { bytesPerSecond: 5, burstBytes: 0 },
    ]) {
      assert.throws(() => limit(options, memory()), { code: 'InvalidArgument' });
    }
  });
});
