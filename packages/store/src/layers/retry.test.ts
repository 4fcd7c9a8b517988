/** What `retry` does when a store fails for a time: calls of their own. Bodies and uploads: see the tests beside their files. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StoreError } from '../errors.ts';
import type { Store } from '../store.ts';
import { drain, rejects, sample, sameBytes, stream } from '../testing/context.ts';
import { JumpingClock } from './clock.fixtures.ts';
import { FaultyStore, unavailable } from './faulty.fixtures.ts';
import { retry } from './retry.ts';
import type { RetryOptions } from './retry.ts';

function over(faulty: FaultyStore, options: RetryOptions = {}): { store: Store; clock: JumpingClock } {
  const clock = new JumpingClock();
  return { store: retry({ clock, random: () => 0.5, ...options }, faulty), clock };
}

suite('retry: attempts and waits', () => {
  test('what fails for a time is tried again, after random waits that double', async () => {
    const faulty = new FaultyStore({ get: ['before', 'before', 'before'] });
    const { store, clock } = over(faulty);
    await store.put('a', 'hello');
    assert.equal(await store.get('a').text(), 'hello');
    assert.deepEqual(clock.fired, [50, 100, 200]);
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  test('the attempts are counted, and the last error is given', async () => {
    const faulty = new FaultyStore({ copy: ['before', 'before', 'before', 'before'] });
    const { store } = over(faulty, { attempts: 3 });
    await store.put('a', 'x');
    await rejects(store.copy('a', 'b'), 'Unavailable');
    assert.equal(faulty.optionsOf('copy').length, 3);
  });

  test('what will not change is not tried again', async () => {
    for (const code of ['NotFound', 'PermissionDenied', 'Corrupt', 'Unexpected', 'Closed'] as const) {
      const faulty = new FaultyStore({ get: [new StoreError(code, 'planned')] });
      await rejects(over(faulty).store.get('a'), code);
      assert.equal(faulty.calls.length, 1);
    }
  });

  test('a wait is no longer than the limit, and no shorter than the store asks for', async () => {
    const plan = { get: [unavailable(700), unavailable(), unavailable(), 'ok' as const] };
    const { store, clock } = over(new FaultyStore(plan), {
      waitMsMax: 1000,
      waitBaseMs: 5000,
      random: () => 0.9,
    });
    await store.put('a', 'x');
    await store.get('a');
    assert.deepEqual(clock.fired, [900, 900, 900]);
    const asked = over(new FaultyStore({ get: [unavailable(700)] }), { waitMsMax: 1000 });
    await asked.store.put('a', 'x');
    await asked.store.get('a');
    assert.deepEqual(asked.clock.fired, [700]);
  });

  test('a store that asks for more time than there is to wait is not asked again', async () => {
    const faulty = new FaultyStore({ get: [unavailable(1001)] });
    const { store } = over(faulty, { waitMsMax: 1000 });
    await assert.rejects(store.head('a'), { code: 'Unavailable', retryAfterMs: 1001 });
    assert.equal(faulty.calls.length, 1);
  });

  test('no attempt and no wait goes beyond the deadline', async () => {
    const waiting = over(new FaultyStore({ get: [unavailable(900), unavailable(200)] }), {
      deadlineMs: 1000,
    });
    await rejects(waiting.store.head('a'), 'Unavailable');
    assert.deepEqual(waiting.clock.fired, [900]);
    const hanging = over(new FaultyStore({ get: ['hang'] }), { deadlineMs: 1000 });
    await rejects(hanging.store.head('a'), 'Timeout');
    assert.equal(hanging.clock.now(), 1000);
  });

  test('a signal ends a wait', async () => {
    const control = new AbortController();
    const faulty = new FaultyStore({ get: [unavailable(5000)] });
    const { store } = over(faulty);
    const got = store.head('a', { signal: control.signal });
    control.abort();
    await rejects(got, 'Aborted');
    assert.equal(faulty.calls.length, 1);
  });

  test('numbers that make no sense are refused', () => {
    for (const options of [0, 1.5, { waitBaseMs: -1 }, { deadlineMs: Number.NaN }]) {
      assert.throws(() => retry(options, new FaultyStore()), { code: 'InvalidArgument' });
    }
  });
});

suite('retry: time-outs', () => {
  test('a call without an answer is ended and made again', async () => {
    const faulty = new FaultyStore({
      get: ['hang'],
      copy: ['hang'],
      upload: ['hang'],
      openUpload: ['hang'],
    });
    const { store, clock } = over(faulty, { stallTimeoutMs: 300, attemptTimeoutMs: 4000 });
    await store.put('a', 'x');
    assert.equal(await store.get('a').text(), 'x');
    await store.copy('a', 'b');
    const up = await store.upload('c');
    await store.openUpload('c');
    await up.abort();
    assert.deepEqual(clock.fired, [300, 50, 4000, 50, 4000, 50, 300, 50]);
    assert.equal(clock.pending, 0);
  });

  test('a put from memory is given time for its bytes, and is waited for when it has timed out', async () => {
    const { store, clock } = over(new FaultyStore({ put: ['hang'] }), { attemptTimeoutMs: 4000 });
    await store.put('a', sample(100_000));
    assert.deepEqual(clock.fired, [5000, 50]);
  });

  test('the time that the caller takes for its body does not count', async () => {
    const faulty = new FaultyStore();
    const { store, clock } = over(faulty, { stallTimeoutMs: 300, attemptTimeoutMs: 300 });
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield sample(10);
      await new Promise<void>((resolve) => clock.after(10_000, resolve));
      yield sample(10);
    }
    await store.put('a', slow());
    assert.equal(faulty.calls.length, 1);
  });

  test('a store that does not take a stream’s bytes times out', async () => {
    const { store } = over(new FaultyStore({ put: ['hang'] }), { stallTimeoutMs: 300 });
    await store.put('a', stream(sample(1000)));
    sameBytes(await store.get('a').bytes(), sample(1000));
  });
});

suite('retry: put', () => {
  test('bodies that can be read again are', async () => {
    const faulty = new FaultyStore({ put: ['after', 'before'] });
    const { store } = over(faulty);
    await store.put('a', sample(5000));
    sameBytes(await store.get('a').bytes(), sample(5000));
    assert.equal(faulty.optionsOf('put').length, 3);
  });

  test('a stream that was not touched is, too; one that was is not', async () => {
    const faulty = new FaultyStore({ put: ['before', 'ok', 'after'] });
    const { store } = over(faulty);
    await store.put('a', stream(sample(5000)));
    sameBytes(await store.get('a').bytes(), sample(5000));
    await rejects(store.put('b', stream(sample(5000))), 'Unavailable');
    assert.equal(faulty.optionsOf('put').length, 3);
  });

  test('what the caller’s body throws passes through, and is not tried again', async () => {
    const faulty = new FaultyStore();
    const thrown = unavailable();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield sample(10);
      throw thrown;
    }
    await assert.rejects(over(faulty).store.put('a', failing()), (error) => error === thrown);
    assert.equal(faulty.calls.length, 1);
  });
});

suite('retry: conditions whose answer was lost', () => {
  test('create: its own first attempt is no AlreadyExists', async () => {
    const { store } = over(new FaultyStore({ put: ['after'] }));
    await assert.rejects(store.put('a', 'mine', { mode: 'create' }), {
      code: 'Unavailable',
      retry: 'permanent',
    });
  });

  test('ifMatch, copy and complete likewise', async () => {
    const faulty = new FaultyStore({ put: ['ok', 'after'], copy: ['after'], complete: ['after'] });
    const { store } = over(faulty);
    const { etag } = await store.put('a', 'old');
    await assert.rejects(store.put('a', 'new', { mode: { ifMatch: etag } }), { retry: 'permanent' });
    await assert.rejects(store.copy('a', 'b', { mode: 'create' }), { retry: 'permanent' });
    const up = await store.upload('c');
    await up.write('x');
    await assert.rejects(up.complete(), { code: 'Unavailable', retry: 'permanent' });
  });

  test('with a mark it is known again', async () => {
    const faulty = new FaultyStore({ put: ['after', 'after'], copy: ['after'], complete: ['after'] });
    const { store } = over(faulty, { mark: true });
    const info = await store.put('a', 'one', { mode: 'create' });
    assert.equal((await store.head('a')).etag, info.etag);
    const second = await store.put('a', 'two', {
      mode: { ifMatch: info.etag },
      attributes: { contentType: 'text/css' },
    });
    assert.equal(second.attributes.contentType, 'text/css');
    assert.equal(await store.get('a').text(), 'two');
    await store.copy('a', 'b', { mode: 'create', attributes: {} });
    const up = await store.upload('c');
    await up.write('three');
    assert.equal((await up.complete({ mode: 'create' })).size, 5);
    assert.equal(await store.get('c').text(), 'three');
  });

  test('with a mark, another’s object of the same bytes is not taken for its own', async () => {
    const faulty = new FaultyStore({ put: ['ok', 'before'] });
    const { store } = over(faulty, { mark: true });
    await store.put('a', 'same');
    await assert.rejects(store.put('a', 'same', { mode: 'create' }), { code: 'Unavailable' });
  });

  test('a condition that fails at once says so', async () => {
    const { store } = over(new FaultyStore());
    await store.put('a', 'x');
    await rejects(store.put('a', 'y', { mode: 'create' }), 'AlreadyExists');
    await rejects(store.put('a', 'y', { mode: { ifMatch: 'another' } }), 'PreconditionFailed');
  });

  test('without a condition nothing is ambiguous', async () => {
    const { store } = over(new FaultyStore({ put: ['after', 'after'], copy: ['after'] }));
    await store.put('a', 'x');
    await store.copy('a', 'b');
    assert.equal(await store.get('b').text(), 'x');
  });
});

suite('retry: listings and deletes', () => {
  test('a listing goes on behind the last entry, prefixes too', async () => {
    const faulty = new FaultyStore({ list: [2, 1, 'before', 0, 'hang'] });
    const { store } = over(faulty);
    for (const key of ['a', 'b/1', 'b/2', 'c', 'd/1', 'e']) await store.put(key, '');
    const entries = await drain(store.list({ delimiter: '/' }));
    assert.deepEqual(
      entries.map((entry) => (entry.type === 'object' ? entry.key : entry.prefix)),
      ['a', 'b/', 'c', 'd/', 'e'],
    );
    assert.equal(faulty.optionsOf('list').length, 6);
  });

  test('a listing that makes no progress ends with the error', async () => {
    const faulty = new FaultyStore({ list: [1, 0, 0, 0] });
    const { store } = over(faulty, { attempts: 3 });
    for (const key of ['a', 'b']) await store.put(key, '');
    await rejects(drain(store.list()), 'Unavailable');
  });

  test('uploads are listed once, though the listing breaks', async () => {
    const faulty = new FaultyStore({ listUploads: [1, 2, 3, 'before', 3] });
    const { store } = over(faulty);
    const ids: string[] = [];
    for (const key of ['a', 'a', 'b', 'b']) ids.push((await store.upload(key)).id);
    assert.deepEqual(
      (await drain(store.listUploads())).map(({ id }) => id),
      ids,
    );
  });

  test('keys that fail are tried again, and those under way when the store fails', async () => {
    const faulty = new FaultyStore({ delete: [unavailable(), 2, 'before'] });
    const { store } = over(faulty);
    const keys = ['a', 'b', 'c', 'd', 'e'];
    for (const key of keys) await store.put(key, '');
    const results = await drain(store.delete(keys));
    assert.deepEqual(results.map(({ key }) => key).sort(), keys);
    assert.ok(results.every(({ error }) => error === undefined));
    assert.deepEqual(await drain(store.keys()), []);
  });

  test('keys that fail to the end have their error, and the others are deleted', async () => {
    const error = unavailable();
    const faulty = new FaultyStore({ delete: [error, error, error] });
    const { store } = over(faulty, { attempts: 3 });
    const results = await drain(store.delete(['a', 'b']));
    assert.deepEqual(
      results.map((result) => [result.key, result.error]),
      [
        ['a', error],
        ['b', error],
      ],
    );
  });

  test('a store that stays out of reach rejects', async () => {
    const faulty = new FaultyStore({ delete: ['before', 'before', 'before', 'before'] });
    const { store } = over(faulty, { attempts: 3 });
    await rejects(drain(store.delete(['a', 'b'])), 'Unavailable');
  });

  test('many keys that wait for another attempt do not pile up', async () => {
    const error = unavailable();
    const faulty = new FaultyStore({ delete: [error] });
    const { store } = over(faulty);
    let given = 0;
    let atFirstResult = 0;
    function* keys(): Generator<string> {
      for (; given < 5000; given++) yield `k${given}`;
    }
    let results = 0;
    for await (const { error: why } of store.delete(keys())) {
      assert.equal(why, undefined);
      if (results++ === 0) atFirstResult = given;
    }
    assert.equal(results, 5000);
    assert.ok(atFirstResult <= 1001, `${atFirstResult} keys were taken before one was deleted`);
  });
});
