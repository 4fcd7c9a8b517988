/** The cache: how often it asks the origin, what it never gives, and that it never makes a read fail. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { streamSource } from '../../body.ts';
import { StoreError } from '../../errors.ts';
import { memory } from '../../memory.ts';
import { objectRead } from '../../object-read.ts';
import type { GetOptions, ObjectRead, ObjectStore } from '../../object-store.ts';
import { toStore } from '../../store.ts';
import type { Store } from '../../store.ts';
import { contract } from '../../testing/contract.ts';
import { cache } from '../cache.ts';
import type { CacheOptions } from '../cache.ts';
import { intercept } from '../intercept.testing.ts';

const BLOCK = 4096;

interface Setup {
  readonly origin: Store;
  readonly kept: Store;
  readonly store: Store;
  /** what the origin was asked: `head`, `all`, or the range */
  readonly asked: string[];
}

/** A cache over a memory, with a note of every get of the origin. */
function setUp(
  options: Partial<CacheOptions> = {},
  around?: (get: ObjectStore['get']) => ObjectStore['get'],
): Setup {
  const origin = memory();
  const kept = memory();
  const asked: string[] = [];
  const inner = origin.inner;
  const noted = (key: string, given: GetOptions = {}): Promise<ObjectRead> => {
    const { range, head } = given;
    asked.push(
      head === true
        ? 'head'
        : range === undefined
          ? 'all'
          : 'suffix' in range
            ? 'suffix'
            : `${range.start}-${range.end}`,
    );
    return inner.get(key, given);
  };
  const watched = intercept(origin, { get: around?.(noted) ?? noted });
  const store = cache({ store: kept, bytes: 10_000_000, blockBytes: BLOCK, ...options }, watched);
  return { origin, kept, store, asked };
}

contract({
  name: 'cache through, for good, in a small store',
  runner: { suite, test, after },
  open: () =>
    Promise.resolve(
      cache(
        { store: memory(), bytes: 20_000, blockBytes: 1024, writes: 'through', maxAgeMs: 60_000 },
        memory(),
      ),
    ),
});

contract({
  name: 'cache whose store always fails',
  runner: { suite, test, after },
  open: () => {
    const fail = (): Promise<never> => Promise.reject(new StoreError('Unavailable', 'gone'));
    const broken = intercept(memory(), { get: fail, put: fail });
    return Promise.resolve(
      cache({ store: broken, bytes: 1e6, blockBytes: 1024, maxAgeMs: 60_000 }, memory()),
    );
  },
});

suite('cache: what is asked of the origin', () => {
  test('a cold read is one request, the next one asks only whether it is still the same', async () => {
    const { origin, store, asked } = setUp();
    const bytes = randomBytes(5 * BLOCK + 7);
    await origin.put('a', bytes);
    assert.deepEqual(Buffer.from(await store.get('a').bytes()), bytes);
    assert.deepEqual(asked.splice(0), ['all']);
    assert.deepEqual(Buffer.from(await store.get('a').bytes()), bytes);
    assert.deepEqual(asked.splice(0), ['head']);
    await origin.put('a', 'another');
    assert.equal(await store.get('a').text(), 'another');
  });

  test('ranges fetch the blocks that they need and that are not there', async () => {
    const { origin, store, asked } = setUp({ immutable: true });
    const bytes = randomBytes(10 * BLOCK);
    await origin.put('a', bytes);
    const read = async (start: number, end: number): Promise<void> => {
      const got = await store.get('a', { range: { start, end } }).bytes();
      assert.deepEqual(Buffer.from(got), bytes.subarray(start, end));
    };
    await read(2 * BLOCK + 5, 2 * BLOCK + 10);
    assert.deepEqual(asked.splice(0), [`${2 * BLOCK}-${3 * BLOCK}`]);
    await read(2 * BLOCK, 3 * BLOCK);
    assert.deepEqual(asked.splice(0), []);
    await read(BLOCK, 5 * BLOCK);
    assert.deepEqual(asked.splice(0), [`${BLOCK}-${2 * BLOCK}`, `${3 * BLOCK}-${5 * BLOCK}`]);
    const into = new Uint8Array(10);
    await store.readInto('a', [{ start: 2 * BLOCK - 5, into }]);
    assert.deepEqual(Buffer.from(into), bytes.subarray(2 * BLOCK - 5, 2 * BLOCK + 5));
    assert.deepEqual(asked.splice(0), []);
    assert.deepEqual(Buffer.from(await store.get('a', { range: { suffix: 3 } }).bytes()), bytes.subarray(-3));
    assert.deepEqual(asked.splice(0), [`${9 * BLOCK}-${10 * BLOCK}`]);
  });

  test('a thousand readers of a cold key are one request, however they come', async () => {
    const { origin, store, asked } = setUp();
    const bytes = randomBytes(20 * BLOCK + 1);
    await origin.put('a', bytes);
    const got = await Promise.all(Array.from({ length: 1000 }, () => store.get('a').bytes()));
    assert.deepEqual(asked, ['all']);
    for (const one of got) assert.ok(bytes.equals(one));
  });

  test('chunks are each reader’s own', async () => {
    const { origin, store } = setUp();
    await origin.put('a', 'x'.repeat(100));
    const [one, two] = await Promise.all([store.get('a').bytes(), store.get('a').bytes()]);
    one.fill(0);
    assert.equal(Buffer.from(two).toString(), 'x'.repeat(100));
    assert.equal(await store.get('a').text(), 'x'.repeat(100));
  });

  test('a missing object is asked for once by all who ask together, and again by who comes later', async () => {
    const { store, asked } = setUp({ immutable: true });
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => store.get('a')));
    for (const result of results) {
      assert.equal(result.status === 'rejected' && (result.reason as StoreError).code, 'NotFound');
    }
    assert.equal(asked.length, 1);
    await assert.rejects(store.get('a').bytes(), { code: 'NotFound' });
    assert.equal(asked.length, 2);
  });

  test('within maxAgeMs nothing is asked, and own writes show at once', async () => {
    const { origin, store, asked } = setUp({ maxAgeMs: 3_600_000 });
    await store.put('a', 'one');
    assert.equal(await store.get('a').text(), 'one');
    await origin.put('a', 'another process');
    assert.equal(await store.get('a').text(), 'one');
    assert.equal(asked.length, 1);
    for (const write of [
      () => store.put('a', 'two'),
      () => store.copy('b', 'a'),
      () => store.delete('a'),
      async () => (await store.upload('a')).complete(),
    ]) {
      await origin.put('b', 'copied');
      await store.get('a').text();
      const before = await store.get('a').text();
      await write();
      const now = await store
        .get('a')
        .text()
        .catch((error: StoreError) => error.code);
      assert.notEqual(now, before);
      await origin.put('a', 'something');
      await store.put('a', 'else');
    }
  });

  test('a condition on another state than the one that is good for a while is put to the origin, once', async () => {
    const { origin, store, asked } = setUp({ maxAgeMs: 3_600_000 });
    const old = await origin.put('a', 'old');
    await store.get('a').text();
    const { etag } = await origin.put('a', 'newer');
    asked.length = 0;
    assert.equal(await store.get('a', { ifMatch: etag }).text(), 'newer');
    assert.deepEqual(asked.splice(0), ['head', '0-5']);
    await assert.rejects(store.get('a', { ifMatch: old.etag }).text(), { code: 'PreconditionFailed' });
    assert.deepEqual(asked.splice(0), ['head']);
    const targets = [{ start: 0, into: new Uint8Array(5) }];
    await assert.rejects(store.readInto('a', targets, { ifMatch: old.etag }), { code: 'PreconditionFailed' });
    assert.deepEqual(asked.splice(0), ['head']);
    assert.equal(await store.get('a').text(), 'newer');
    assert.deepEqual(asked, []);
  });

  test('what is written through is read without the origin', async () => {
    const { store, asked } = setUp({ writes: 'through', maxAgeMs: 60_000, throughBytesMax: 3 * BLOCK });
    const bytes = randomBytes(2 * BLOCK + 3);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytes.subarray(0, 100));
      yield bytes.subarray(100);
    }
    await store.put('memory', bytes);
    await store.put('stream', streamSource(body()));
    for (const key of ['memory', 'stream']) assert.ok(bytes.equals(await store.get(key).bytes()));
    assert.deepEqual(asked, []);
    await store.put('large', randomBytes(4 * BLOCK));
    await store.get('large').bytes();
    assert.deepEqual(asked, ['all']);
  });
});

suite('cache: readers that leave, origins that fail', () => {
  /** An origin whose bodies come chunk by chunk, when the test says so; and whether one was let go of. */
  function gated(): Setup & {
    readonly release: (chunks: number) => void;
    readonly state: { ended: number };
  } {
    let wake = Promise.withResolvers<void>();
    const state = { ended: 0, credit: 0 };
    const setup = setUp({}, (get) => async (key, options) => {
      const read = await get(key, options);
      async function* body(): AsyncGenerator<Uint8Array> {
        for await (const chunk of read.body) {
          for (let at = 0; at < chunk.byteLength; at += BLOCK) {
            while (state.credit === 0) await wake.promise;
            state.credit--;
            yield chunk.subarray(at, at + BLOCK);
          }
        }
      }
      return objectRead(read.info, read.range, body(), () => {
        state.ended++;
        return Promise.resolve();
      });
    });
    const release = (chunks: number): void => {
      state.credit += chunks;
      wake.resolve();
      wake = Promise.withResolvers();
    };
    return { ...setup, release, state };
  }

  test('they stream along as it arrives; the first one leaves, and the others get all of it', async () => {
    const { origin, store, asked, release } = gated();
    const bytes = randomBytes(4 * BLOCK);
    await origin.put('a', bytes);
    const leader = await store.get('a');
    const follower = await store.get('a');
    const leading = leader.body[Symbol.asyncIterator]();
    const following = follower.body[Symbol.asyncIterator]();
    release(1);
    assert.ok(bytes.subarray(0, BLOCK).equals((await following.next()).value as Uint8Array));
    await leading.next();
    await leader.close();
    release(10);
    const rest: Uint8Array[] = [];
    for (let next = await following.next(); next.done !== true; next = await following.next())
      rest.push(next.value);
    assert.ok(bytes.subarray(BLOCK).equals(Buffer.concat(rest)));
    assert.equal(asked.filter((what) => what !== 'head').length, 1);
  });

  test('a leader that aborts before the answer does not fail the others', async () => {
    const gate = Promise.withResolvers<void>();
    const { origin, store, asked } = setUp({}, (get) => async (key, options) => {
      await gate.promise;
      return get(key, options);
    });
    await origin.put('a', 'bytes');
    const abort = new AbortController();
    const leader = store.get('a', { signal: abort.signal });
    const others = [store.get('a').text(), store.get('a').text()];
    await setImmediate();
    abort.abort();
    await assert.rejects(leader.bytes(), { code: 'Aborted' });
    gate.resolve();
    assert.deepEqual(await Promise.all(others), ['bytes', 'bytes']);
    assert.equal(asked.length, 1);
  });

  test('when the last reader leaves, the fetch is let go of: opened, begun, or not looked at', async () => {
    const { origin, store, release, state } = gated();
    await origin.put('a', randomBytes(4 * BLOCK));
    const unread = await store.get('a');
    await unread.close();
    await setImmediate();
    assert.equal(state.ended, 1);
    const begun = await store.get('a', { range: { start: 0, end: 4 * BLOCK } });
    const chunks = begun.body[Symbol.asyncIterator]();
    release(1);
    await chunks.next();
    await chunks.return?.();
    await setImmediate();
    assert.equal(state.ended, 2);
    const { etag } = await store.head('a');
    await assert.rejects(store.get('a', { ifNoneMatch: etag }).bytes(), { code: 'NotModified' });
    await setImmediate();
    assert.equal(state.ended, 2);
  });

  test('an origin that fails in the middle fails that read, and not the next', async () => {
    let failures = 1;
    const { origin, store } = setUp({}, (get) => async (key, options) => {
      const read = await get(key, options);
      if (options?.head === true || failures-- <= 0) return read;
      async function* body(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(new Uint8Array(BLOCK + 1));
        throw new StoreError('Unavailable', 'cut');
      }
      return objectRead(read.info, read.range, body());
    });
    const bytes = Buffer.alloc(3 * BLOCK);
    await origin.put('a', bytes);
    await assert.rejects(store.get('a').bytes(), { code: 'Unavailable' });
    assert.ok(bytes.equals(await store.get('a').bytes()));
  });
});

suite('cache: old states', () => {
  test('a fetch that began before a write is not kept as what is there after it', async () => {
    const gate = Promise.withResolvers<void>();
    let hold = true;
    const { origin, store } = setUp({ maxAgeMs: 3_600_000 }, (get) => async (key, options) => {
      const read = await get(key, options);
      if (hold) await gate.promise;
      return read;
    });
    await origin.put('a', 'old');
    const reading = store.get('a').text();
    await setImmediate();
    hold = false;
    await store.put('a', 'new');
    gate.resolve();
    assert.equal(await reading, 'old');
    assert.equal(await store.get('a').text(), 'new');
    assert.equal(await store.get('a').text(), 'new');
  });

  test('a fetch that begins while a write is under way is not kept either', async () => {
    const written = Promise.withResolvers<void>();
    const origin = memory();
    await origin.put('a', 'old');
    const begun = Promise.withResolvers<void>();
    const slow = intercept(origin, {
      put: async (key, body, options) => {
        begun.resolve();
        await written.promise;
        return origin.inner.put(key, body, options);
      },
    });
    const store = cache({ store: memory(), bytes: 1e6, maxAgeMs: 3_600_000 }, slow);
    const writing = store.put('a', 'new');
    await begun.promise;
    assert.equal(await store.get('a').text(), 'old');
    written.resolve();
    await writing;
    assert.equal(await store.get('a').text(), 'new');
  });

  test('writes whose answers cross each other leave no state behind that is not the last', async () => {
    const origin = memory();
    const answer = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const crossing = intercept(origin, {
      put: async (key, body, options) => {
        const info = await origin.inner.put(key, body, options);
        if (info.size === 5) {
          done.resolve();
          await answer.promise;
        }
        return info;
      },
    });
    const store = cache({ store: memory(), bytes: 1e6, maxAgeMs: 3_600_000, writes: 'through' }, crossing);
    const first = store.put('a', 'first');
    await done.promise;
    await store.put('a', 'second');
    assert.equal(await store.get('a').text(), 'second');
    answer.resolve();
    await first;
    assert.equal(await store.get('a').text(), 'second');
  });

  test('an object that another process replaces: a read that began says so, the next one sees it', async () => {
    const { origin, store } = setUp({ maxAgeMs: 3_600_000 });
    await origin.put('a', Buffer.alloc(3 * BLOCK, 1));
    await store.get('a', { range: { start: 0, end: 10 } }).bytes();
    await origin.put('a', Buffer.alloc(3 * BLOCK, 2));
    const range = { start: 0, end: 2 * BLOCK };
    await assert.rejects(store.get('a', { range }).bytes(), { code: 'Conflict' });
    assert.deepEqual(Buffer.from(await store.get('a', { range }).bytes()), Buffer.alloc(2 * BLOCK, 2));
    await origin.put('a', Buffer.alloc(3 * BLOCK, 3));
    const later = { start: 2 * BLOCK, end: 3 * BLOCK };
    assert.deepEqual(Buffer.from(await store.get('a', { range: later }).bytes()), Buffer.alloc(BLOCK, 3));
    await origin.put('a', Buffer.alloc(3 * BLOCK, 4));
    const into = new Uint8Array(3 * BLOCK);
    await store.readInto('a', into);
    assert.deepEqual(Buffer.from(into), Buffer.alloc(3 * BLOCK, 4));
  });
});

suite('cache: its store', () => {
  test('keeps no more than its bytes, and gives up what was used least recently', async () => {
    const { origin, kept, store, asked } = setUp({ immutable: true, bytes: 6 * (BLOCK + 600) });
    for (let i = 0; i < 5; i++) await origin.put(`k${i}`, randomBytes(BLOCK));
    for (let i = 0; i < 5; i++) await store.get(`k${i}`).bytes();
    await store.get('k0').bytes();
    await origin.put('more', randomBytes(4 * BLOCK));
    await store.get('more').bytes();
    await setImmediate();
    let bytes = 0;
    for await (const entry of kept.list()) if (entry.type === 'object') bytes += entry.size;
    assert.ok(bytes <= 6 * (BLOCK + 600) && bytes > 5 * BLOCK, `${bytes}`);
    asked.length = 0;
    await store.get('k0').bytes();
    assert.deepEqual(asked, []);
    await store.get('k1').bytes();
    assert.equal(asked.length, 1);
  });

  test('what an earlier process left is used again, with its attributes', async () => {
    const { origin, kept, store } = setUp({ immutable: true });
    const bytes = randomBytes(3 * BLOCK);
    const attributes = { contentType: 'a/b', metadata: { x: 'y' } };
    await origin.put('a', bytes, { attributes });
    await kept.put('not the cache’s', 'left alone');
    await store.get('a').bytes();
    await setImmediate();
    const again = cache({ store: kept, bytes: 1e6, blockBytes: BLOCK, immutable: true }, memory());
    assert.ok(bytes.equals(await again.get('a').bytes()));
    const head = await again.head('a');
    assert.deepEqual({ ...head.attributes, metadata: { ...head.attributes.metadata } }, attributes);
    assert.equal(await kept.get('not the cache’s').text(), 'left alone');
  });

  test('damage of any byte is a miss, never a wrong byte', async () => {
    const { origin, kept, store } = setUp({ immutable: true });
    // It ends in blanks, which JSON has before a text as well as after one.
    const text = `what was written${' \n'.repeat(64)}`;
    await origin.put('a', text);
    await store.get('a').text();
    await setImmediate();
    const [name = ''] = await Array.fromAsync(kept.keys());
    const stored = await kept.get(name).bytes();
    const readAgain = (): Promise<string> =>
      cache({ store: kept, bytes: 1e6, immutable: true }, origin).get('a').text();
    for (let at = 0; at < stored.byteLength; at++) {
      await kept.put(name, stored.subarray(0, at));
      assert.equal(await readAgain(), text, `cut off at ${at}`);
      for (let bit = 0; bit < 8; bit++) {
        const flipped = stored.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        await kept.put(name, flipped);
        assert.equal(await readAgain(), text, `bit ${bit} of byte ${at}`);
      }
    }
  });

  test('one that loses things, or cannot be listed or written to, never makes a read fail', async () => {
    const { origin, kept, store } = setUp({ immutable: true });
    await origin.put('a', 'bytes');
    await store.get('a').text();
    await setImmediate();
    await kept.deleteMany(kept.keys());
    assert.equal(await store.get('a').text(), 'bytes');
    await kept.close();
    assert.equal(await store.get('a').text(), 'bytes');
    const onClosed = cache({ store: kept, bytes: 1e6 }, origin);
    assert.equal(await onClosed.get('a').text(), 'bytes');
  });

  test('closes both stores, once, and answers nobody afterwards', async () => {
    const { origin, kept, store } = setUp({ immutable: true });
    await origin.put('a', 'bytes');
    await store.get('a').text();
    await store.close();
    await store.close();
    for (const closed of [store, toStore(kept), origin])
      await assert.rejects(closed.get('a').text(), { code: 'Closed' });
  });
});
