/** The contract of keys: any text is a key of its own, or is refused. */

import assert from 'node:assert/strict';
import { isStoreError } from '../errors.ts';
import { RESERVED_PREFIX } from '../keys.ts';
import { drain, rejects } from './context.ts';
import type { Contract } from './contract.ts';

const ODD = [
  '..',
  '../up',
  'a/../b',
  'a/./b',
  '.',
  '/leading',
  'trailing/',
  'a//b',
  '~',
  'a b',
  'a+b',
  'a%20b',
  'a%2fb',
  'a?b=c&d',
  'a#b',
  'a\\b',
  'C:\\a',
  'CON',
  'a:b',
  'a*b"<>|',
  'end.',
  'end ',
  'tab\there',
  'line\nfeed',
  "quote'",
  'ü',
  'u\u0308',
  'Case',
  'case',
  '日本語',
  '🚰',
  '\u{10ffff}',
  'constructor',
  '__proto__',
  '.cistern',
  'x'.repeat(255),
  `${'x'.repeat(300)}/${'y'.repeat(300)}`,
];

export const keysContract: Contract = (test) => {
  test('keys: each text is a key of its own, or is refused as InvalidKey', async (c) => {
    const taken: string[] = [];
    for (const name of ODD) {
      try {
        await c.store.put(c.key(name), `content of ${name}`);
        taken.push(name);
      } catch (error) {
        assert.ok(isStoreError(error, 'InvalidKey'), `${JSON.stringify(name)}: ${String(error)}`);
      }
    }
    for (const name of taken) assert.equal(await c.text(name), `content of ${name}`, JSON.stringify(name));
    if (c.can.list) assert.deepEqual((await c.names()).sort(), [...taken].sort());
    assert.ok(taken.length >= ODD.length / 2, `most can be stored; it were ${taken.length} of ${ODD.length}`);
    const results = await drain(c.store.delete(taken.map((name) => c.key(name))));
    assert.ok(results.every(({ error }) => error === undefined));
    if (c.can.list) assert.deepEqual(await c.names(), []);
  });

  test('keys: one can be the beginning of another', async (c) => {
    for (const name of ['a', 'a/b', 'a/b/c']) await c.store.put(c.key(name), name);
    for (const name of ['a', 'a/b', 'a/b/c']) assert.equal(await c.text(name), name);
    await drain(c.store.delete([c.key('a/b')]));
    assert.deepEqual(await c.names(), ['a', 'a/b/c']);
    await drain(c.store.delete([c.key('a')]));
    assert.deepEqual(await c.names(), ['a/b/c']);
  });

  test('keys: what no store takes is InvalidKey, wherever it is given', async (c) => {
    for (const key of [
      '',
      'nul\0',
      'half \ud800',
      'x'.repeat(c.can.keyBytesMax + 1),
      `${RESERVED_PREFIX}x`,
    ]) {
      const what = JSON.stringify(key.slice(0, 20));
      await rejects(c.store.put(key, 'x'), 'InvalidKey').catch((error: unknown) => {
        throw new Error(`put ${what}`, { cause: error });
      });
      await rejects(c.store.get(key), 'InvalidKey');
      await rejects(c.store.readInto(key, []), 'InvalidKey');
      await rejects(c.store.copy(key, c.key('a')), 'InvalidKey');
      await c.store.put(c.key('a'), 'x');
      await rejects(c.store.copy(c.key('a'), key), 'InvalidKey');
      if (c.can.uploads) await rejects(c.store.upload(key), 'InvalidKey');
      const [deleted] = await drain(c.store.delete([key]));
      assert.equal(deleted?.error?.code, 'InvalidKey', what);
    }
  });

  test('keys: as long as the store says', async (c) => {
    const room = c.can.keyBytesMax - c.prefix.length;
    // In pieces, since what has folders limits their names.
    const name = 'long/'.repeat(Math.ceil(room / 5)).slice(0, room - 1) + 'x';
    await c.store.put(c.key(name), 'x');
    assert.equal(await c.text(name), 'x');
  });
};
