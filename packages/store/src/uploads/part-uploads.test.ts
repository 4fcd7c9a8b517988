/** Uploads made of part objects, over a store in memory. What all stores' uploads do is the contract suite's. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { MemoryStore } from '../backends/memory/memory-store.ts';
import { collect } from '../body.ts';
import { PartMemoryStore } from './part-memory-store.testing.ts';

const text = async (chunks: AsyncIterable<Uint8Array>): Promise<string> =>
  new TextDecoder().decode(await collect(chunks));

suite('uploads made of part objects', () => {
  test('another process follows to the end before it is complete, and goes on from the object', async () => {
    const inner = new MemoryStore();
    const [writing, reading] = [new PartMemoryStore(inner), new PartMemoryStore(inner)];
    const upload = await writing.upload('a', { partSize: 4 });
    await upload.write('0123456');
    assert.equal(await upload.flush(), 7);
    await using reader = await reading.openUpload('a');
    assert.equal(reader.committed, 7);
    const chunks = reader.follow({ pollMs: 1 })[Symbol.asyncIterator]();
    let seen = '';
    while (seen.length < 7) seen += new TextDecoder().decode((await chunks.next()).value as Uint8Array);
    assert.equal(seen, '0123456');
    await upload.write('789');
    const info = await upload.complete();
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      seen += new TextDecoder().decode(next.value);
    }
    assert.equal(seen, '0123456789');
    assert.equal(info.size, 10);
    assert.equal(await text((await reading.get('a')).body), '0123456789');
  });

  test('another process goes on where the committed bytes end, and the first is shut out', async () => {
    const inner = new MemoryStore();
    const first = await new PartMemoryStore(inner).upload('a', { partSize: 4 });
    await first.write('012345');
    await first.flush();
    const second = await new PartMemoryStore(inner).upload('a', { resume: first.id });
    assert.equal(second.committed, 6);
    await first.write('late');
    await assert.rejects(first.flush(), { code: 'Conflict' });
    await second.write('6789');
    await second.complete();
    const read = await new PartMemoryStore(inner).get('a');
    assert.equal(await text(read.body), '0123456789');
  });
});
