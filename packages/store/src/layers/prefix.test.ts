/** What `prefix` shows of the store behind, and what it must not. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StoreError } from '../errors.ts';
import { memory } from '../memory.ts';
import { drain, rejects } from '../testing/context.ts';
import { prefix } from './prefix.ts';

suite('prefix', () => {
  test('keys are those of the store behind without their beginning', async () => {
    const behind = memory();
    const store = prefix('a/', behind);
    await store.put('b', 'one');
    assert.equal(await behind.get('a/b').text(), 'one');
    assert.equal((await store.head('b')).key, 'b');
    assert.equal((await store.copy('b', 'c')).key, 'c');
    assert.deepEqual(await drain(behind.keys()), ['a/b', 'a/c']);
  });

  test('nothing outside the prefix can be reached', async () => {
    const behind = memory();
    const store = prefix('a/', behind);
    await behind.put('secret', 'x');
    await behind.put('b/secret', 'x');
    for (const key of ['secret', '../secret', '../b/secret', '/secret', './../secret']) {
      await rejects(store.get(key), 'NotFound');
    }
    assert.deepEqual(await drain(store.keys()), []);
    assert.deepEqual(await drain(store.keys({ prefix: '../' })), []);
    await drain(store.delete(['secret', '../secret']));
    assert.equal(await behind.exists('secret'), true);
  });

  test('what cannot be named here does not show: the prefix itself, and what is reserved', async () => {
    const behind = memory();
    const store = prefix('a/', behind);
    for (const key of ['a/', 'a/.cistern/x', 'a/b', 'a/c/d']) await behind.put(key, 'x');
    assert.deepEqual(await drain(store.keys()), ['b', 'c/d']);
    const rolled = await drain(store.list({ delimiter: '/' }));
    assert.deepEqual(
      rolled.map((entry) => (entry.type === 'object' ? entry.key : entry.prefix)),
      ['b', 'c/'],
    );
  });

  test('errors name the key that the caller knows, also of uploads and results', async () => {
    const store = prefix('a/', memory());
    const named = (key: string) => (error: unknown) => error instanceof StoreError && error.key === key;
    await assert.rejects(store.get('b'), named('b'));
    await assert.rejects(store.copy('b', 'c'), named('b'));
    await assert.rejects(store.openUpload('b'), named('b'));
    const up = await store.upload('b');
    await up.abort();
    await assert.rejects(up.complete(), named('b'));
    const [result] = await drain(store.delete(['']));
    assert.equal(result?.error?.key, '');
  });

  test('what the caller’s own body throws passes through as it is', async () => {
    const store = prefix('a/', memory());
    const thrown = new StoreError('Unavailable', 'of another store', { key: 'a/x' });
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      throw thrown;
    }
    const same = (error: unknown): boolean => error === thrown;
    await assert.rejects(store.put('b', failing()), same);
    await assert.rejects((await store.upload('b')).writeAll(failing()), same);
    async function* keys(): AsyncGenerator<string> {
      yield 'b';
      throw thrown;
    }
    await assert.rejects(drain(store.delete(keys())), same);
  });

  test('the limit of keys is less by the bytes of the prefix', async () => {
    const behind = memory();
    const store = prefix('ü/', behind);
    assert.equal(store.capabilities.keyBytesMax, behind.capabilities.keyBytesMax - 3);
    await store.put('x'.repeat(store.capabilities.keyBytesMax), 'x');
    await rejects(store.put('x'.repeat(store.capabilities.keyBytesMax + 1), 'x'), 'InvalidKey');
  });

  test('a prefix that no key can have is refused', () => {
    for (const text of ['nul\0', 'half \ud800', 'x'.repeat(1024)]) {
      assert.throws(() => prefix(text, memory()), { code: 'InvalidArgument' });
    }
  });

  test('what is no key does not become one by what stands before it', async () => {
    const store = prefix('a/', memory());
    for (const key of ['', '.cistern/x']) {
      await rejects(store.put(key, 'x'), 'InvalidKey');
      await rejects(store.get(key), 'InvalidKey');
      await rejects(store.upload(key), 'InvalidKey');
    }
  });

  test('half a character of the key does not join half a one of the prefix', async () => {
    const store = prefix('a', memory());
    await rejects(store.put('\udeb0', 'x'), 'InvalidKey');
  });
});
