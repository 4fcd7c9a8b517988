/** The fan-out: who decides, what a missing store costs, what is known to differ, and how it is made equal. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { replayableSource } from '../../body.ts';
import { StoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { Store } from '../../store.ts';
import { contract } from '../../testing/contract.ts';
import { fanout } from '../fanout.ts';
import type { FanoutOptions } from '../fanout.ts';
import { intercept } from '../intercept.testing.ts';
import type { Divergence } from './divergence.ts';
import { repair } from './repair.ts';
import { Tee } from './tee.ts';

contract({
  name: 'fanout, the fastest of three',
  runner: { suite, test, after },
  open: () => Promise.resolve(fanout([memory(), memory(), memory()], { read: 'fastest', hedgeMs: 10_000 })),
});

contract({
  name: 'fanout, the first of three',
  runner: { suite, test, after },
  open: () => Promise.resolve(fanout([memory(), memory(), memory()])),
});

const out = (): Promise<never> => Promise.reject(new StoreError('Unavailable', 'out of reach'));

async function* outList(): AsyncGenerator<never> {
  yield await out();
}

/** A store that can be put out of reach, and what stands behind it. */
function switchable(): { store: ObjectStore; real: Store; state: { out: boolean } } {
  const real = memory();
  const state = { out: false };
  const { inner } = real;
  const store = intercept(real, {
    put: (...given) => (state.out ? out() : inner.put(...given)),
    get: (...given) => (state.out ? out() : inner.get(...given)),
    copy: (...given) => (state.out ? out() : inner.copy(...given)),
    readInto: (...given) => (state.out ? out() : inner.readInto(...given)),
    list: (...given) => (state.out ? outList() : inner.list(...given)),
    delete: (...given) => (state.out ? outList() : inner.delete(...given)),
  });
  return { store, real, state };
}

function three(options: FanoutOptions = {}): {
  store: Store;
  members: ReturnType<typeof switchable>[];
  seen: Divergence[];
  texts: (key: string) => Promise<(string | undefined)[]>;
} {
  const members = [switchable(), switchable(), switchable()];
  const seen: Divergence[] = [];
  const store = fanout(
    members.map((member) => member.store),
    { onDivergence: (divergence) => seen.push(divergence), ...options },
  );
  const texts = (key: string): Promise<(string | undefined)[]> =>
    Promise.all(
      members.map(({ real }) =>
        real
          .get(key)
          .text()
          .catch(() => undefined),
      ),
    );
  return { store, members, seen, texts };
}

function setOut(members: ReturnType<typeof switchable>[], which: readonly number[]): void {
  for (const [index, { state }] of members.entries()) state.out = which.includes(index);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size)
    yield await Promise.resolve(bytes.subarray(at, at + size));
}

suite('fanout: writes', () => {
  test('all stores get all of it, from memory, from streams and from what can be read again', async () => {
    const { store, members } = three();
    const bytes = randomBytes(300_000);
    const bodies = {
      memory: bytes,
      stream: inChunks(bytes, 1000),
      again: replayableSource(bytes.byteLength, ({ start, end }) =>
        inChunks(bytes.subarray(start, end), 999),
      ),
    };
    for (const [key, body] of Object.entries(bodies)) {
      await store.put(key, body, { attributes: { contentType: 'x/y' } });
      await store.copy(key, `${key}-copy`);
      await store.put(`${key}-created`, bytes, { mode: 'create', attributes: { contentType: 'x/y' } });
      const upload = await store.upload(`${key}-upload`, { attributes: { contentType: 'x/y' } });
      await upload.write(bytes);
      await upload.complete();
      for (const { real } of members) {
        for (const suffix of ['', '-copy', '-created', '-upload']) {
          assert.ok(bytes.equals(await real.get(key + suffix).bytes()));
          assert.equal((await real.head(key + suffix)).attributes.contentType, 'x/y');
        }
      }
    }
    assert.deepEqual((await store.deleteMany(['memory', 'stream'])).failed, []);
    for (const { real } of members) assert.equal(await real.exists('memory'), false);
  });

  test('a store out of reach fails a write of all, and not one of a quorum, which is told', async () => {
    for (const quorum of [3, 2]) {
      const { store, members, seen, texts } = three({ quorum });
      await store.put('a', 'old');
      await store.put('b', 'old');
      setOut(members, [2]);
      const writes = [
        () => store.put('a', 'new'),
        () => store.put('a', 'newer', { mode: { ifMatch: etag } }),
        () => store.copy('b', 'c'),
        () => store.delete('b'),
      ];
      let etag = '';
      for (const write of writes) {
        ({ etag } = await store.head('a'));
        if (quorum === 3) await assert.rejects(write(), { code: 'Unavailable', message: /of 3 stores took/ });
        else await write();
      }
      assert.deepEqual(await texts('a'), ['newer', 'newer', 'old']);
      assert.deepEqual(new Set(seen.map(({ key }) => key)), new Set(['a', 'b', 'c']));
      // Where the write had to fail, nobody knows what those have that were given up.
      if (quorum === 2) assert.deepEqual(new Set(seen.map(({ member }) => member)), new Set([2]));
    }
  });

  test('without the primary nothing is written, and the others are given up', async () => {
    const { store, members } = three({ quorum: 1 });
    await store.put('a', 'old');
    setOut(members, [0]);
    for (const write of [() => store.put('a', 'new'), () => store.copy('a', 'b'), () => store.delete('a')]) {
      await assert.rejects(write(), { code: 'Unavailable' });
    }
    await assert.rejects(store.put('a', inChunks(randomBytes(1000), 10), { mode: 'create' }), {
      code: 'Unavailable',
    });
  });

  test('writes of one key at the same time leave all stores equal', async () => {
    const { store, members, texts } = three();
    const [, second] = members;
    assert.ok(second);
    // The second store takes the bodies that come together in the opposite order.
    const { inner } = second.real;
    const waiting: (() => void)[] = [];
    let reversing = true;
    const slow = intercept(second.store, {
      put: async (...given) => {
        if (reversing) {
          const turn = new Promise<void>((resolve) => waiting.unshift(resolve));
          if (waiting.length === 3) {
            reversing = false;
            setTimeout(() => {
              for (const next of waiting) next();
            });
          }
          await turn;
        }
        return inner.put(...given);
      },
    });
    const reordering = fanout([members[0]?.store ?? slow, slow, members[2]?.store ?? slow]);
    await Promise.all(['one', 'two', 'three'].map((text) => reordering.put('a', text)));
    const [first, ...others] = await texts('a');
    assert.deepEqual(others, [first, first]);
    assert.equal(await store.get('a').text(), first);
  });

  test('a body that fails passes on what it threw, and leaves the old object everywhere', async () => {
    const { store, texts } = three({ quorum: 1 });
    await store.put('a', 'old');
    const failure = new Error('mine');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(10));
      throw failure;
    }
    await assert.rejects(store.put('a', failing()), (error) => error === failure);
    await assert.rejects(store.put('a', replayableSource(20, failing)), (error) => error === failure);
    assert.deepEqual(await texts('a'), ['old', 'old', 'old']);
  });

  test('a store that stands still is left behind when the quorum allows it', async () => {
    const { members, seen } = three();
    const stuck = intercept(members[2]?.store ?? memory(), {
      put: (key, _body, options) =>
        new Promise((_, reject) => {
          const fail = (): void => reject(new StoreError('Aborted', 'aborted', { key }));
          options?.signal?.addEventListener('abort', fail);
        }),
    });
    const [first, second] = members;
    assert.ok(first && second);
    const store = fanout([first.store, second.store, stuck], {
      quorum: 2,
      dropAfterMs: 1,
      onDivergence: (divergence) => seen.push(divergence),
    });
    const bytes = randomBytes(100_000);
    await store.put('a', inChunks(bytes, 100));
    assert.ok(bytes.equals(await second.real.get('a').bytes()));
    assert.deepEqual(
      seen.map(({ key, member }) => ({ key, member })),
      [{ key: 'a', member: 2 }],
    );
  });

  test('of several that stand still no more are left behind than the quorum allows', async () => {
    const stuck = intercept(memory(), {
      put: (_key, _body, options) =>
        new Promise((_, reject) => {
          options?.signal?.addEventListener('abort', () => reject(new StoreError('Aborted', 'aborted')));
        }),
    });
    let given = 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (; given < 100; given++) yield await Promise.resolve(new Uint8Array(100));
    }
    const store = fanout([memory(), memory(), stuck, stuck], { quorum: 3, dropAfterMs: 1 });
    await assert.rejects(store.put('a', body(), { signal: AbortSignal.timeout(50) }), { code: 'Aborted' });
    // One is still waited for.
    assert.ok(given < 10, `${given} chunks were given`);
  });

  test('conditions are the primary’s', async () => {
    const { store, members, texts } = three();
    await members[1]?.real.put('a', 'only here');
    await store.put('a', 'new', { mode: 'create' });
    assert.deepEqual(await texts('a'), ['new', 'new', 'new']);
    await assert.rejects(store.put('a', 'x', { mode: 'create' }), { code: 'AlreadyExists' });
    await assert.rejects(store.put('a', 'x', { mode: { ifMatch: 'fanout-1.1' } }), {
      code: 'PreconditionFailed',
    });
    const noConditions = new Proxy(memory().inner, {
      get: (target, name): unknown => {
        if (name === 'capabilities') return { ...target.capabilities, create: false, ifMatch: false };
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    assert.equal(fanout([noConditions, memory()]).capabilities.create, false);
  });
});

suite('fanout: reads', () => {
  test('the primary’s word counts; out of reach, another answers, and says so in its etags', async () => {
    for (const read of ['first', 'fastest'] as const) {
      const { store, members } = three({ read, hedgeMs: 10_000 });
      await store.put('a', 'text');
      await members[1]?.real.put('extra', 'text');
      await assert.rejects(store.get('extra').text(), { code: 'NotFound' });
      setOut(members, [0]);
      const reading = await store.get('a');
      assert.equal(await reading.text(), 'text');
      assert.match(reading.info.etag, /^fanout-1\./);
      const { etag } = reading.info;
      assert.equal(await store.get('a', { ifMatch: etag, range: { start: 1, end: 3 } }).text(), 'ex');
      await assert.rejects(store.get('a', { ifNoneMatch: etag }).text(), { code: 'NotModified' });
      const into = new Uint8Array(4);
      await store.readInto('a', into);
      assert.equal(Buffer.from(into).toString(), 'text');
      // That it is nowhere, only the primary could say.
      await assert.rejects(store.get('nowhere').text(), { code: 'Unavailable' });
      setOut(members, [0, 1, 2]);
      await assert.rejects(store.get('a').text(), { code: 'Unavailable' });
      setOut(members, []);
      await assert.rejects(store.put('a', 'x', { mode: { ifMatch: etag } }), { code: 'PreconditionFailed' });
    }
  });

  test('a listing goes on with the next store where the primary broke off', async () => {
    const { store, members } = three();
    for (let i = 0; i < 10; i++) await store.put(`k${i}`, 'x');
    const [first] = members;
    assert.ok(first);
    const breaking = intercept(first.store, {
      async *list(options) {
        let left = 4;
        for await (const entry of first.real.inner.list(options)) {
          if (left-- === 0) await out();
          yield entry;
        }
      },
    });
    const broken = fanout([breaking, ...members.slice(1).map((member) => member.store)]);
    assert.deepEqual(
      await Array.fromAsync(broken.keys()),
      Array.from({ length: 10 }, (_, i) => `k${i}`),
    );
  });

  test('the fastest answers, and the others are aborted', async () => {
    const [slow, quick] = [memory(), memory()];
    await slow.put('a', 'slow');
    await quick.put('a', 'quick');
    let aborted: unknown;
    const hanging = intercept(slow, {
      get: (_key, options) =>
        new Promise((_, reject) => {
          options?.signal?.addEventListener('abort', () => {
            aborted = options.signal?.reason;
            reject(new StoreError('Aborted', 'aborted'));
          });
        }),
    });
    const store = fanout([hanging, quick], { read: 'fastest', hedgeMs: 1 });
    assert.equal(await store.get('a').text(), 'quick');
    assert.ok(aborted !== undefined);
  });
});

suite('fanout: repair', () => {
  test('a store that missed a write is not read, and made equal when the key is next read', async () => {
    const { store, members, texts } = three({ quorum: 2 });
    await store.put('a', 'old');
    setOut(members, [1]);
    await store.put('a', 'new');
    setOut(members, [0]);
    assert.equal(await store.get('a').text(), 'new');
    setOut(members, []);
    assert.deepEqual(await texts('a'), ['new', 'old', 'new']);
    assert.equal(await store.get('a').text(), 'new');
    while ((await texts('a'))[1] !== 'new') await setImmediate();
    setOut(members, [0, 2]);
    assert.equal(await store.get('a').text(), 'new');
  });

  test('with `fastest`, a store that lacks what the primary has is told, and made equal', async () => {
    const [primary, other] = [memory(), memory()];
    await primary.put('a', 'text');
    const asked = Promise.withResolvers<void>();
    const patient = intercept(primary, {
      get: async (key, options) => {
        if (options?.signal !== undefined) await asked.promise;
        return primary.inner.get(key, options);
      },
    });
    const noted = intercept(other, {
      get: (key, options) => {
        setTimeout(() => asked.resolve());
        return other.inner.get(key, options);
      },
    });
    const seen: Divergence[] = [];
    const store = fanout([patient, noted], {
      read: 'fastest',
      hedgeMs: 0,
      onDivergence: (one) => seen.push(one),
    });
    assert.equal(await store.get('a').text(), 'text');
    assert.equal(seen[0]?.seenBy, 'read');
    while (!(await other.exists('a'))) await setImmediate();
  });

  test('repair finds what is missing, other and extra, and makes it equal; a second run finds nothing', async () => {
    const { store, members, texts } = three();
    for (let i = 0; i < 20; i++) await store.put(`k${i}`, 'same');
    const [, one, two] = members;
    assert.ok(one && two);
    await one.real.delete('k3');
    await one.real.put('k5', 'longer than it was');
    await two.real.put('extra', 'x');
    await two.real.put('k7', 'SAME');
    const found = async (options?: Parameters<typeof repair>[1]): Promise<string[]> =>
      (await Array.fromAsync(repair(store, options))).map(
        ({ key, member, difference }) => `${key} ${member} ${difference}`,
      );
    const bySize = ['extra 2 extra', 'k3 1 missing', 'k5 1 other'];
    assert.deepEqual(await found({ dryRun: true }), bySize);
    assert.deepEqual(await found(), bySize);
    assert.deepEqual(await found(), []);
    assert.deepEqual(await found({ compare: 'bytes' }), ['k7 2 other']);
    for (const key of ['k3', 'k5', 'k7']) assert.deepEqual(await texts(key), ['same', 'same', 'same']);
    assert.deepEqual(await texts('extra'), [undefined, undefined, undefined]);
  });

  test('what is not remembered any more is not trusted until all was repaired', async () => {
    const { store, members } = three({ quorum: 2, repairOnRead: false });
    await store.put('a', 'old');
    await store.put('b', 'text');
    setOut(members, [1]);
    await store.put('a', 'new');
    await store.deleteMany(Array.from({ length: 10_001 }, (_, i) => `gone${i}`));
    setOut(members, [0, 2]);
    for (const key of ['a', 'b']) await assert.rejects(store.get(key).text(), { code: 'Unavailable' });
    setOut(members, []);
    for await (const { error } of repair(store, { compare: 'bytes' })) assert.equal(error, undefined);
    setOut(members, [0, 2]);
    assert.equal(await store.get('a').text(), 'new');
    assert.equal(await store.get('b').text(), 'text');
  });
});

suite('fanout: a stream for several', () => {
  test('nobody is ahead by more than the window, and the source is let go of by the last', async () => {
    let given = 0;
    let ended = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (;;) yield await Promise.resolve(given++);
      } finally {
        ended = true;
      }
    }
    const tee = new Tee(source(), { readers: 2, window: 3 });
    const [fast, slow] = [tee.reader(0), tee.reader(1)];
    for (let i = 0; i < 3; i++) assert.equal((await fast.next()).value, i);
    const fourth = fast.next();
    await setImmediate();
    assert.equal(given, 3);
    assert.equal((await slow.next()).value, 0);
    assert.equal((await fourth).value, 3);
    await slow.return(undefined);
    for (let i = 4; i < 20; i++) assert.equal((await fast.next()).value, i);
    assert.equal(ended, false);
    await fast.return(undefined);
    await setImmediate();
    assert.equal(ended, true);
  });

  test('leaving early does not wait for a source of keys that stands still', async () => {
    const { store } = three();
    await store.put('a', 'x');
    async function* keys(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => undefined);
    }
    for await (const { key } of store.delete(keys())) {
      assert.equal(key, 'a');
      break;
    }
    assert.equal(await store.exists('a'), false);
  });

  test('options that make no sense are refused', () => {
    assert.throws(() => fanout([]), { code: 'InvalidArgument' });
    assert.throws(() => fanout([memory()], { quorum: 2 }), { code: 'InvalidArgument' });
    assert.throws(() => fanout([memory()], { hedgeMs: Number.NaN }), { code: 'InvalidArgument' });
    assert.equal(fanout([memory(), memory()]).toString(), 'fanout(memory(), memory())');
  });
});
