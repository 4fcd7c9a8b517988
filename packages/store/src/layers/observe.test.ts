/** What hooks are told, and that they cannot do harm. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { memory } from '../memory.ts';
import { drain, rejects, sample, stream } from '../testing/context.ts';
import { FaultyStore } from './faulty.fixtures.ts';
import { observe } from './observe.ts';
import type { ObservedCall, ObservedEnd } from './observe.ts';

function recorder() {
  let now = 0;
  const started: ObservedCall[] = [];
  const ended: (ObservedCall & ObservedEnd)[] = [];
  const hooks = {
    onStart: (call: ObservedCall) => void started.push(call),
    onEnd: (call: ObservedCall, end: ObservedEnd) => void ended.push({ ...call, ...end }),
    now: () => (now += 10),
  };
  return { hooks, started, ended };
}

suite('observe', () => {
  test('each call begins and ends, with its key, bytes and items', async () => {
    const { hooks, started, ended } = recorder();
    const store = observe(hooks, memory());
    await store.put('a', sample(1000));
    await store.put('b', stream(sample(25_000)));
    await store.get('b').bytes();
    await store.get('b', { range: { start: 0, end: 10 } }).bytes();
    await store.head('a');
    await store.copy('a', 'c');
    await drain(store.keys());
    await store.readInto('a', new Uint8Array(5000));
    await drain(store.delete(['a', 'no\0key']));
    assert.deepEqual(
      ended.map(({ operation, key, bytes, items, failed }) => [operation, key, bytes, items, failed]),
      [
        ['put', 'a', 1000, 0, 0],
        ['put', 'b', 25_000, 0, 0],
        ['get', 'b', 25_000, 0, 0],
        ['get', 'b', 10, 0, 0],
        ['get', 'a', 0, 0, 0],
        ['copy', 'c', 0, 0, 0],
        ['list', undefined, 0, 3, 0],
        ['readInto', 'a', 1000, 0, 0],
        ['delete', undefined, 0, 2, 1],
      ],
    );
    assert.equal(started.length, ended.length);
    assert.ok(ended.every(({ durationMs, error }) => durationMs === 10 && error === undefined));
    assert.equal(started[5]?.from, 'a');
  });

  test('a get ends with its body: read, left, closed or broken', async () => {
    const { hooks, ended } = recorder();
    const store = observe(hooks, new FaultyStore({ get: ['ok', 'ok', 10] }));
    await store.put('a', sample(3_000_000));
    const left = await store.get('a');
    assert.equal(ended.length, 1);
    for await (const chunk of left.body) if (chunk.byteLength > 0) break;
    assert.equal(ended[1]?.bytes, 1024 * 1024);
    const closed = await store.get('a');
    await closed.close();
    await closed.close();
    assert.equal(ended.length, 3);
    await rejects(drain((await store.get('a')).body), 'Unavailable');
    assert.equal(ended[3]?.errorCode, 'Unavailable');
    assert.equal(ended[3]?.bytes, 10);
    assert.equal(ended.length, 4);
  });

  test('errors by their code, the caller’s own apart', async () => {
    const { hooks, ended } = recorder();
    const store = observe(hooks, memory());
    await rejects(store.get('none'), 'NotFound');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield sample(7);
      throw new RangeError('mine');
    }
    await assert.rejects(store.put('a', failing()), /mine/);
    assert.deepEqual(
      ended.map(({ errorCode, bytes }) => [errorCode, bytes]),
      [
        ['NotFound', 0],
        ['Caller', 7],
      ],
    );
  });

  test('uploads and their readers', async () => {
    const { hooks, ended } = recorder();
    const store = observe(hooks, memory());
    const up = await store.upload('a');
    await up.write('hello');
    await up.writeAll(stream(sample(100)));
    await up.flush();
    const reader = await store.openUpload('a');
    await reader.refresh();
    await drain(reader.read());
    const followed = drain(reader.follow({ start: 5 }));
    await up.complete();
    await followed;
    await (await store.upload('b')).abort();
    assert.deepEqual(
      ended.map(({ operation, bytes }) => [operation, bytes]),
      [
        ['upload', 0],
        ['upload.write', 5],
        ['upload.write', 100],
        ['upload.flush', 0],
        ['openUpload', 0],
        ['openUpload.refresh', 0],
        ['openUpload.read', 105],
        ['upload.complete', 0],
        ['openUpload.follow', 100],
        ['upload', 0],
        ['upload.abort', 0],
      ],
    );
  });

  test('hooks that throw do not show', async () => {
    const store = observe(
      {
        onStart: () => {
          throw new Error('hook');
        },
        // oxlint-disable-next-line typescript/no-misused-promises
        onEnd: () => Promise.reject(new Error('hook')),
      },
      memory(),
    );
    await store.put('a', 'x');
    assert.equal(await store.get('a').text(), 'x');
    assert.deepEqual(await drain(store.keys()), ['a']);
    await rejects(store.get('none'), 'NotFound');
  });
});
