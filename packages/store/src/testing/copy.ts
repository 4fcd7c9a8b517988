/** The contract of `copy`. */

import assert from 'node:assert/strict';
import { rejects, sample, sameBytes } from './context.ts';
import type { Contract } from './contract.ts';

export const copyContract: Contract = (test) => {
  test('copy: the bytes are there twice, independently', async (c) => {
    const bytes = sample(250_000);
    await c.store.put(c.key('a'), bytes);
    const info = await c.store.copy(c.key('a'), c.key('dir/b'));
    assert.equal(info.key, c.key('dir/b'));
    assert.equal(info.size, 250_000);
    await c.store.put(c.key('a'), 'other');
    sameBytes(await c.bytes('dir/b'), bytes);
    assert.equal(await c.text('a'), 'other');
  });

  test('copy: of nothing is NotFound, and leaves what is there', async (c) => {
    await c.store.put(c.key('b'), 'old');
    await rejects(c.store.copy(c.key('none'), c.key('b')), 'NotFound');
    assert.equal(await c.text('b'), 'old');
  });

  test('copy: attributes come along, or are replaced', async (c) => {
    if (!c.can.attributes) return;
    const attributes = { contentType: 'text/plain', metadata: { colour: 'blue' } };
    await c.store.put(c.key('a'), 'x', { attributes });
    await c.store.copy(c.key('a'), c.key('kept'));
    await c.store.copy(c.key('a'), c.key('replaced'), { attributes: { contentType: 'text/css' } });
    const kept = (await c.store.get(c.key('kept'), { head: true })).info.attributes;
    assert.equal(kept.contentType, 'text/plain');
    assert.equal(kept.metadata?.['colour'], 'blue');
    const replaced = (await c.store.get(c.key('replaced'), { head: true })).info.attributes;
    assert.equal(replaced.contentType, 'text/css');
    assert.deepEqual({ ...replaced.metadata }, {});
  });

  test('copy: onto itself with other attributes', async (c) => {
    if (!c.can.attributes) return;
    await c.store.put(c.key('a'), 'x', { attributes: { metadata: { n: '1' } } });
    await c.store.copy(c.key('a'), c.key('a'), { attributes: { metadata: { n: '2' } } });
    assert.equal((await c.store.get(c.key('a'), { head: true })).info.attributes.metadata?.['n'], '2');
    assert.equal(await c.text('a'), 'x');
  });

  test('copy: conditions on the source', async (c) => {
    const { etag } = await c.store.put(c.key('a'), 'x');
    await c.store.copy(c.key('a'), c.key('b'), { ifMatch: etag });
    await rejects(c.store.copy(c.key('a'), c.key('d'), { ifMatch: 'another' }), 'PreconditionFailed');
    assert.equal(await c.text('b'), 'x');
    assert.equal(await c.exists('d'), false);
  });

  test('copy, mode create: once, or refused as unsupported', async (c) => {
    await c.store.put(c.key('a'), 'x');
    await c.store.put(c.key('b'), 'old');
    if (!c.can.create) {
      await rejects(c.store.copy(c.key('a'), c.key('n'), { mode: 'create' }), 'Unsupported');
      assert.equal(await c.exists('n'), false);
      return;
    }
    await rejects(c.store.copy(c.key('a'), c.key('b'), { mode: 'create' }), 'AlreadyExists');
    assert.equal(await c.text('b'), 'old');
    await c.store.copy(c.key('a'), c.key('n'), { mode: 'create' });
    assert.equal(await c.text('n'), 'x');
  });

  test('copy, mode ifMatch: only over that state, or refused as unsupported', async (c) => {
    await c.store.put(c.key('a'), 'x');
    const { etag } = await c.store.put(c.key('b'), 'old');
    if (!c.can.ifMatch) {
      await rejects(c.store.copy(c.key('a'), c.key('b'), { mode: { ifMatch: etag } }), 'Unsupported');
      assert.equal(await c.text('b'), 'old');
      return;
    }
    await rejects(
      c.store.copy(c.key('a'), c.key('b'), { mode: { ifMatch: 'another' } }),
      'PreconditionFailed',
    );
    assert.equal(await c.text('b'), 'old');
    await c.store.copy(c.key('a'), c.key('b'), { mode: { ifMatch: etag } });
    assert.equal(await c.text('b'), 'x');
  });
};
