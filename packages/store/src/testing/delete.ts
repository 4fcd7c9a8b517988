/** The contract of `delete`. */

import assert from 'node:assert/strict';
import { drain, rejects } from './context.ts';
import type { Contract } from './contract.ts';

export const deleteContract: Contract = (test) => {
  test('delete: the object is gone, others stay, and each key has its result', async (c) => {
    for (const name of ['a', 'b', 'c']) await c.store.put(c.key(name), name);
    const results = await drain(c.store.delete([c.key('a'), c.key('c')]));
    assert.deepEqual(results.map(({ key }) => key).sort(), [c.key('a'), c.key('c')]);
    assert.ok(results.every(({ error }) => error === undefined));
    await rejects(c.store.get(c.key('a')), 'NotFound');
    assert.deepEqual(await c.names(), ['b']);
  });

  test('delete: a key without an object is deleted already', async (c) => {
    const results = await drain(c.store.delete([c.key('none')]));
    assert.deepEqual(
      results.map(({ key, error }) => [key, error]),
      [[c.key('none'), undefined]],
    );
  });

  test('delete: nothing to do', async (c) => {
    assert.deepEqual(await drain(c.store.delete([])), []);
  });

  test('delete: keys as they come, more than one request takes', async (c) => {
    const names = Array.from({ length: 1010 }, (_, i) => `k${`${i}`.padStart(4, '0')}`);
    for (let start = 0; start < names.length; start += 32) {
      await Promise.all(names.slice(start, start + 32).map((name) => c.store.put(c.key(name), '')));
    }
    async function* coming(): AsyncGenerator<string> {
      for (const name of names.slice(0, 1005)) yield c.key(name);
    }
    const results = await drain(c.store.delete(coming()));
    assert.equal(results.length, 1005);
    assert.equal(new Set(results.map(({ key }) => key)).size, 1005);
    assert.deepEqual(await c.names(), names.slice(1005));
  });

  test('delete: one that fails does not stop the others', async (c) => {
    await c.store.put(c.key('a'), 'x');
    await c.store.put(c.key('b'), 'x');
    const results = await drain(c.store.delete([c.key('a'), 'no\0key', c.key('b')]));
    const failed = results.filter(({ error }) => error !== undefined);
    assert.deepEqual(
      failed.map(({ key, error }) => [key, error?.code]),
      [['no\0key', 'InvalidKey']],
    );
    assert.deepEqual(await c.names(), []);
  });

  test('delete: a source of keys that fails rejects', async (c) => {
    await c.store.put(c.key('a'), 'x');
    async function* failing(): AsyncGenerator<string> {
      yield c.key('a');
      throw new RangeError('no more keys');
    }
    await assert.rejects(drain(c.store.delete(failing())), /no more keys/);
  });

  test('delete: can be written again', async (c) => {
    await c.store.put(c.key('a'), 'one');
    await drain(c.store.delete([c.key('a')]));
    await c.store.put(c.key('a'), 'two');
    assert.equal(await c.text('a'), 'two');
  });

  test('delete: aborted before it began, nothing is deleted', async (c) => {
    await c.store.put(c.key('a'), 'one');
    await rejects(drain(c.store.delete([c.key('a')], { signal: AbortSignal.abort() })), 'Aborted');
    assert.equal(await c.text('a'), 'one');
  });
};
