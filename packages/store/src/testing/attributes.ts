/** The contract of attributes. */

import assert from 'node:assert/strict';
import { rejects } from './context.ts';
import type { Contract } from './contract.ts';

export const attributesContract: Contract = (test) => {
  test('attributes: kept with the object, or refused as unsupported', async (c) => {
    const attributes = {
      contentType: 'text/plain; charset=utf-8',
      cacheControl: 'max-age=60',
      contentDisposition: 'attachment; filename="a b.txt"',
      contentEncoding: 'identity',
      contentLanguage: 'de',
      metadata: { colour: 'blue', 'with-dash': '1', empty: '' },
    };
    if (!c.can.attributes) {
      await rejects(c.store.put(c.key('a'), 'x', { attributes }), 'Unsupported');
      assert.equal(await c.exists('a'), false);
      return;
    }
    await c.store.put(c.key('a'), 'x', { attributes });
    for (const options of [{ head: true }, {}, { range: { start: 0, end: 1 } }]) {
      const read = await c.store.get(c.key('a'), options);
      await read.close();
      const found = read.info.attributes;
      assert.deepEqual({ ...found, metadata: { ...found.metadata } }, attributes);
    }
  });

  test('attributes: names of metadata are lower case, values any text of a line', async (c) => {
    if (!c.can.attributes) return;
    const metadata = { Colour: 'Zürich 🚰', quote: '"a", b; c=d', percent: '100 % =?utf-8?q?x?=' };
    await c.store.put(c.key('a'), 'x', { attributes: { metadata } });
    const { info } = await c.store.get(c.key('a'), { head: true });
    const { Colour: colour, ...others } = metadata;
    assert.deepEqual({ ...info.attributes.metadata }, { colour, ...others });
  });

  test('attributes: metadata may have names that mean something elsewhere', async (c) => {
    if (!c.can.attributes) return;
    const names = ['metadata', 'attributes', 'key', 'size', 'version'];
    const metadata = Object.fromEntries(names.map((name) => [name, `the ${name}`]));
    await c.store.put(c.key('a'), 'x', { attributes: { metadata } });
    const { info } = await c.store.get(c.key('a'), { head: true });
    assert.deepEqual({ ...info.attributes.metadata }, metadata);
  });

  test('attributes: those of an object before are not kept', async (c) => {
    if (!c.can.attributes) return;
    await c.store.put(c.key('a'), 'x', { attributes: { contentLanguage: 'de', metadata: { n: '1' } } });
    await c.store.put(c.key('a'), 'y');
    const { info } = await c.store.get(c.key('a'), { head: true });
    assert.equal(info.attributes.contentLanguage, undefined);
    assert.deepEqual({ ...info.attributes.metadata }, {});
  });

  test('attributes: what cannot be kept is refused', async (c) => {
    if (!c.can.attributes) return;
    const put = (metadata: Record<string, string>): Promise<unknown> =>
      c.store.put(c.key('a'), 'x', { attributes: { metadata } });
    await rejects(put({ 'no\r\nline': '1' }), 'InvalidArgument');
    await rejects(put({ n: 'no\r\nline' }), 'InvalidArgument');
    await rejects(put({ 'with blank': '1' }), 'InvalidArgument');
    await rejects(put({ n: 'x'.repeat(c.can.metadataBytesMax + 1) }), 'TooLarge');
    assert.equal(await c.exists('a'), false);
  });
};
