/** What the contract says of a store as a whole: its name, its URLs, its end. */

import assert from 'node:assert/strict';
import { drain, rejects } from './context.ts';
import type { Contract } from './contract.ts';

export const wholeContract: Contract = (test) => {
  test('toString: says what the store is', async (c) => {
    assert.match(c.store.toString(), /^[a-z][a-zA-Z0-9]*\(.*\)$/s);
    await Promise.resolve();
  });

  test('capabilities: limits are numbers that make sense', async (c) => {
    const { keyBytesMax, objectBytesMax, metadataBytesMax, partBytesMin } = c.can;
    assert.ok(keyBytesMax >= 200, 'keys of 200 bytes at least');
    assert.ok(objectBytesMax >= 2 ** 30, 'objects of 1 GiB at least');
    assert.ok(metadataBytesMax >= 0);
    assert.ok(partBytesMin >= 1);
    await Promise.resolve();
  });

  test('presign: refused as unsupported, or a URL', async (c) => {
    if (!c.can.presign) {
      await rejects(c.store.presign(c.key('a')), 'Unsupported');
      return;
    }
    await c.store.put(c.key('a b/ü'), 'hello');
    const url = await c.store.presign(c.key('a b/ü'), { expiresS: 60 });
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'hello');
    await rejects(c.store.presign(c.key('a'), { expiresS: 0 }), 'InvalidArgument');
  });

  test('read-only: every write is refused as unsupported', async (c) => {
    if (c.can.write) return;
    await rejects(c.store.put(c.key('a'), 'x'), 'Unsupported');
    await rejects(c.store.copy(c.key('a'), c.key('b')), 'Unsupported');
    await rejects(drain(c.store.delete([c.key('a')])), 'Unsupported');
  });
};
