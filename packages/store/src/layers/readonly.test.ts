/** A store that cannot be written to: what is refused, and that nothing has changed. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { memory } from '../memory.ts';
import { drain, rejects } from '../testing/context.ts';
import { intercept } from './intercept.testing.ts';
import { readonly } from './readonly.ts';

suite('readonly', () => {
  test('reads are as before, writes are refused and do nothing', async () => {
    const inner = memory();
    await inner.put('a', 'x');
    const up = await inner.upload('u');
    await up.write('live');
    await up.flush();
    const store = readonly(inner);
    assert.equal(store.capabilities.write, false);
    for (const refused of [
      store.put('a', 'y'),
      store.copy('a', 'b'),
      drain(store.delete(['a'])),
      store.upload('a'),
      store.upload('u', { resume: up.id }),
      store.presign('a', { method: 'PUT' }),
      store.presign('a', { method: 'DELETE' }),
    ]) {
      await rejects(refused, 'Unsupported');
    }
    assert.equal(await store.get('a').text(), 'x');
    assert.deepEqual(await drain(store.keys()), ['a']);
    const chunks = await drain((await store.openUpload('u')).read());
    assert.equal(Buffer.concat(chunks).toString(), 'live');
  });

  test('URLs that read are made, where the store makes any', async () => {
    const inner = intercept(memory(), {
      presign: (key, options) => Promise.resolve(`${options?.method} ${key}`),
    });
    assert.equal(await readonly(inner).presign('a', { method: 'HEAD' }), 'HEAD a');
    await rejects(readonly(inner).presign('a', { method: 'PUT' }), 'Unsupported');
    await rejects(readonly(inner).presign('a', { method: 'DELETE' }), 'Unsupported');
  });
});
