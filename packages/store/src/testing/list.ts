/** The contract of `list`. */

import assert from 'node:assert/strict';
import { drain, rejects } from './context.ts';
import type { Context } from './context.ts';
import type { Contract } from './contract.ts';

/** In the order of their UTF-8 bytes, which is not that of JavaScript's strings: U+FF5E is before U+1F6B0. */
const KEYS = ['A', 'a', 'a!', 'a/', 'a/b', 'a/b/c', 'a/c', 'a0', 'b', 'zz', 'é', '～', '🚰', '🚰/x'];

async function fill(c: Context, keys: readonly string[]): Promise<void> {
  for (const key of [...keys].reverse()) await c.store.put(c.key(key), key);
}

export const listContract: Contract = (test) => {
  test('list: refused as unsupported, or empty where nothing is', async (c) => {
    if (!c.can.list) {
      await rejects(drain(c.list()), 'Unsupported');
      return;
    }
    assert.deepEqual(await c.names(), []);
  });

  test('list: keys in the order of their UTF-8 bytes', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    assert.deepEqual(await c.names(), KEYS);
  });

  test('list: entries say what is there', async (c) => {
    if (!c.can.list) return;
    const info = await c.store.put(c.key('a'), 'hello');
    const [entry] = await drain(c.list());
    assert.equal(entry?.type, 'object');
    if (entry?.type !== 'object') return;
    assert.equal(entry.size, 5);
    assert.ok(Math.abs(entry.lastModified.getTime() - info.lastModified.getTime()) <= 2000);
    if (entry.etag !== undefined) assert.equal(entry.etag, info.etag);
  });

  test('list: by prefix', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    assert.deepEqual(await c.names({ prefix: 'a' }), ['a', 'a!', 'a/', 'a/b', 'a/b/c', 'a/c', 'a0']);
    assert.deepEqual(await c.names({ prefix: 'a/' }), ['a/', 'a/b', 'a/b/c', 'a/c']);
    assert.deepEqual(await c.names({ prefix: 'a/b' }), ['a/b', 'a/b/c']);
    assert.deepEqual(await c.names({ prefix: '🚰' }), ['🚰', '🚰/x']);
    assert.deepEqual(await c.names({ prefix: 'none' }), []);
  });

  test('list: from after a key', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    for (const [index, key] of KEYS.entries()) {
      assert.deepEqual(await c.names({ startAfter: key }), KEYS.slice(index + 1), key);
    }
    assert.deepEqual(await c.names({ startAfter: 'a/bb' }), KEYS.slice(KEYS.indexOf('a/c')));
    assert.deepEqual(await c.names({ startAfter: '0' }), KEYS);
    assert.deepEqual(await c.names({ prefix: 'a/', startAfter: 'a/b' }), ['a/b/c', 'a/c']);
    assert.deepEqual(await c.names({ prefix: 'a/', startAfter: 'A' }), ['a/', 'a/b', 'a/b/c', 'a/c']);
    assert.deepEqual(await c.names({ prefix: 'a/', startAfter: 'b' }), []);
  });

  test('list: rolled up at a delimiter', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    const top = ['A', 'a', 'a!', '[a/]', 'a0', 'b', 'zz', 'é', '～', '🚰', '[🚰/]'];
    assert.deepEqual(await c.names({ delimiter: '/' }), top);
    assert.deepEqual(await c.names({ delimiter: '/', prefix: 'a/' }), ['a/', 'a/b', '[a/b/]', 'a/c']);
    assert.deepEqual(await c.names({ delimiter: '/', prefix: 'a' }), ['a', 'a!', '[a/]', 'a0']);
  });

  test('list: rolled up, from after an entry: each entry once, so that a listing can be resumed', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    const all = await c.names({ delimiter: '/' });
    for (const [index, name] of all.entries()) {
      const startAfter = name.replaceAll(/[[\]]/g, '');
      assert.deepEqual(await c.names({ delimiter: '/', startAfter }), all.slice(index + 1), name);
    }
    assert.deepEqual(await c.names({ delimiter: '/', startAfter: 'a/b' }), all.slice(all.indexOf('a0')));
  });

  test('list: thousands of keys, over pages', async (c) => {
    if (!c.can.list) return;
    const keys = Array.from({ length: 1205 }, (_, i) => `${i % 5}/${`${i}`.padStart(5, '0')}`).sort();
    for (let start = 0; start < keys.length; start += 32) {
      await Promise.all(keys.slice(start, start + 32).map((key) => c.store.put(c.key(key), '')));
    }
    assert.deepEqual(await c.names(), keys);
    assert.deepEqual(await c.names({ delimiter: '/' }), ['[0/]', '[1/]', '[2/]', '[3/]', '[4/]']);
    assert.deepEqual(await c.names({ startAfter: keys[1100] ?? '' }), keys.slice(1101));
  });

  test('list: can be left early, and aborted', async (c) => {
    if (!c.can.list) return;
    await fill(c, KEYS);
    for await (const entry of c.list()) {
      assert.equal(entry.type, 'object');
      break;
    }
    await rejects(drain(c.list({ signal: AbortSignal.abort() })), 'Aborted');
    assert.deepEqual(await c.names(), KEYS);
  });

  test('list: what is there all the while is given while others come and go', async (c) => {
    if (!c.can.list) return;
    const lasting = Array.from({ length: 50 }, (_, i) => `k${`${i * 2}`.padStart(3, '0')}`);
    await fill(c, lasting);
    const found: string[] = [];
    let i = 1;
    for await (const entry of c.list()) {
      if (entry.type === 'object') found.push(entry.key.slice(c.prefix.length));
      await c.store.put(c.key(`k${`${i}`.padStart(3, '0')}`), 'new');
      await drain(c.store.delete([c.key(`k${`${i - 2}`.padStart(3, '0')}`)]));
      i += 2;
    }
    assert.deepEqual(
      found.filter((name) => lasting.includes(name)),
      lasting,
    );
  });
};
