/** What layers pass on for transfers: parts, checksums, and copies on the side of the store in a mode. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isStoreError, StoreError } from '../errors.ts';
import { memory } from '../memory.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import { serverSideCopy } from '../sync/copy-origin.ts';
import { rejects } from '../testing/context.ts';
import { knownChecksums, CHECKSUMS } from '../transfers/known-checksums.ts';
import { PARTS, partTargetOf } from '../transfers/part-target.ts';
import type { PartTarget } from '../transfers/part-target.ts';
import { intercept } from './intercept.testing.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import { retry } from './retry.ts';
import { LAYERS } from './table.fixtures.ts';

const TAKE_PARTS = ['limit', 'observe', 'prefix', 'retry'];
const KNOW_SUMS = [...TAKE_PARTS, 'readonly'];

function layer(name: string, store: ObjectStore): ObjectStore {
  const { wrap } = LAYERS[name] ?? {};
  assert.ok(wrap !== undefined);
  return wrap(store);
}

function infoOf(key: string): ObjectInfo {
  return { key, size: 3, etag: 'e', lastModified: new Date(0), attributes: {} };
}

type Call = readonly [method: string, ...args: unknown[]];

/** A store that notes what is asked of its parts. */
function recording(act: (call: Call) => Promise<void> | void = () => undefined): {
  store: ObjectStore;
  calls: Call[];
} {
  const calls: Call[] = [];
  const note = async (...call: Call): Promise<void> => {
    calls.push(call);
    await act(call);
  };
  const part = { number: 1, size: 3, tag: 't' };
  const target: PartTarget = {
    concurrency: 7,
    partSize: (size, wanted = 0) => size + wanted,
    begin: (key, options) => note('begin', key, options).then(() => ({ key, id: 'i' })),
    list: (...args) => note('list', ...args).then(() => [part]),
    send: (...args) => note('send', ...args).then(() => part),
    complete: (object, ...args) => note('complete', object, ...args).then(() => infoOf(object.key)),
    abort: (object) => note('abort', object),
    unfinished: async function* (options) {
      await note('unfinished', options);
      yield { key: options.prefix ?? '', id: 'i', startedAt: new Date(0) };
    },
  };
  return { store: intercept(memory(), { [PARTS]: target } as object), calls };
}

/** Signals are those of the layer, which fire with the caller's. */
function withoutSignals(calls: readonly Call[]): unknown[] {
  const plain = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'signal' in value
      ? { ...value, signal: undefined }
      : value;
  return calls.map((call) => call.map(plain));
}

suite('parts through layers', () => {
  for (const name of Object.keys(LAYERS)) {
    if (!TAKE_PARTS.includes(name)) {
      test(`${name} changes bytes, or lets none in: it takes no parts`, () => {
        assert.equal(partTargetOf(layer(name, recording().store)), undefined);
      });
      continue;
    }
    test(`${name} passes on each call, with all that it is given`, async () => {
      const { store, calls } = recording();
      const target = partTargetOf(layer(name, store));
      assert.ok(target !== undefined);
      assert.equal(target.concurrency, 7);
      assert.equal(target.partSize(1, 2), 3);
      const options = { mode: 'create', attributes: { contentType: 'a/b' }, signal: undefined } as const;
      const given = { signal: undefined };
      const bytes = new Uint8Array(3);
      const object = await target.begin('k', options);
      assert.deepEqual(object, { key: 'k', id: 'i' });
      const listed = await target.list(object, given);
      const sent = await target.send(object, 2, bytes, given);
      const info = await target.complete(object, [...listed, sent], options);
      await target.abort(object);
      const unfinished = await Array.fromAsync(target.unfinished({ ...given, prefix: 'k' }));
      assert.deepEqual(unfinished, [{ ...object, startedAt: new Date(0) }]);
      assert.equal(info.key, 'k');
      const key = LAYERS[name]?.key?.('k') ?? 'k';
      const inner = { key, id: 'i' };
      assert.deepEqual(withoutSignals(calls), [
        ['begin', key, options],
        ['list', inner, given],
        ['send', inner, 2, bytes, given],
        ['complete', inner, [...listed, sent], options],
        ['abort', inner],
        ['unfinished', { ...given, prefix: key }],
      ]);
      assert.equal(partTargetOf(layer(name, memory())), undefined);
    });

    test(`${name} passes on the signal`, async () => {
      const control = new AbortController();
      const reason = new Error('enough');
      const { store } = recording(([, , , , options]) => {
        control.abort(reason);
        const { signal } = options as { signal: AbortSignal };
        assert.equal(signal.aborted, true);
        assert.equal(signal.reason, reason);
        throw new StoreError('Aborted', 'planned');
      });
      const target = partTargetOf(layer(name, store));
      const { signal } = control;
      const sending = target?.send({ key: 'k', id: 'i' }, 1, new Uint8Array(3), { signal });
      await rejects(sending ?? Promise.resolve(), 'Aborted');
    });
  }

  test('each part is tried again by itself', async () => {
    let failures = 0;
    const { store, calls } = recording(() => {
      if (++failures < 3) throw new StoreError('Unavailable', 'planned');
    });
    const target = partTargetOf(retry({ attempts: 3, waitBaseMs: 0 }, store));
    await target?.send({ key: 'k', id: 'i' }, 1, new Uint8Array(3), {});
    assert.equal(calls.length, 3);
  });

  test('parts are limited, and told of as an upload', async () => {
    let [running, most] = [0, 0];
    const { store } = recording(async () => {
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
    });
    const told: [string, number][] = [];
    const target = partTargetOf(
      observe(
        { onEnd: ({ operation }, { bytes }) => void told.push([operation, bytes]) },
        limit({ concurrency: 2 }, store),
      ),
    );
    assert.ok(target !== undefined);
    const object = await target.begin('k', {});
    const send = (number: number): Promise<unknown> => target.send(object, number, new Uint8Array(3), {});
    await Promise.all([1, 2, 3, 4].map(send));
    await target.complete(object, [], {});
    assert.equal(most, 2);
    assert.deepEqual(told.slice(0, 2), [
      ['upload', 0],
      ['upload.write', 3],
    ]);
    assert.deepEqual(told.at(-1), ['upload.complete', 0]);
  });
});

suite('checksums through layers', () => {
  for (const name of KNOW_SUMS) {
    test(`${name} tells what the store behind knows`, async () => {
      const asked: unknown[] = [];
      const own = {
        [CHECKSUMS]: (...args: unknown[]) => {
          asked.push(...withoutSignals([args as unknown as Call]));
          return Promise.resolve({ info: infoOf(String(args[0])), crc32: 'c', md5: 'm' });
        },
      };
      const options = { ifMatch: 'e', version: 'v', signal: undefined };
      const known = await knownChecksums(layer(name, intercept(memory(), own as object)), 'k', options);
      assert.deepEqual(known, { info: infoOf('k'), crc32: 'c', md5: 'm' });
      assert.deepEqual(asked, [[LAYERS[name]?.key?.('k') ?? 'k', options]]);
    });
  }

  test('of other stores it is the info alone', async () => {
    for (const name of Object.keys(LAYERS)) {
      const store = layer(name, memory());
      if (!store.capabilities.write) continue;
      const { size } = await store.put('k', 'abc');
      const known = await knownChecksums(store, 'k');
      assert.equal(known.info.size, size);
      assert.deepEqual(Object.keys(known), ['info'], name);
    }
  });
});

suite('copies in a mode', () => {
  for (const name of TAKE_PARTS) {
    test(`to what is below ${name} nothing is copied over by create`, async () => {
      const store = memory();
      await store.put('a', 'new');
      const to = layer(name, store);
      const copy = serverSideCopy(store.inner, to);
      await copy?.('a', 'b', { mode: 'create' });
      assert.equal((await to.get('b', { head: true })).info.size, 3);
      await rejects(copy?.('a', 'b', { mode: 'create' }) ?? Promise.resolve(), 'AlreadyExists');
    });
  }

  test('one whose answer was lost is not taken for somebody else’s', async () => {
    const store = memory();
    await store.put('a', 'new');
    const lossy = intercept(store, {
      copy: async (...args) => {
        await store.inner.copy(...args);
        throw new StoreError('Unavailable', 'planned');
      },
    });
    const copy = serverSideCopy(lossy, retry({ attempts: 3, waitBaseMs: 0 }, lossy));
    await assert.rejects(copy?.('a', 'b', { mode: 'create' }) ?? Promise.resolve(), (error) => {
      assert.ok(isStoreError(error, 'Unavailable'));
      assert.equal(error.retry, 'permanent');
      return true;
    });
  });
});
