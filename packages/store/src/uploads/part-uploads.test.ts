/** Uploads made of part objects, over a store in memory. What all stores' uploads do is the contract suite's. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { MemoryStore } from '../backends/memory/memory-store.ts';
import { collect } from '../body.ts';
import { StoreError } from '../errors.ts';
import { retry } from '../layers/retry.ts';
import { memory } from '../memory.ts';
import { toStore } from '../store.ts';
import { cleanUploads } from './clean-uploads.ts';
import { PartMemoryStore, rawObjects } from './part-memory-store.testing.ts';
import { parsePartKey, PARTS_PREFIX, partKey } from './part-objects.ts';
import type { PartObjects } from './part-objects.ts';
import { PartUploads } from './part-uploads.ts';

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

  test('a part that lands after its writer was shut out does not count, though nothing stands in its place', async () => {
    const inner = new MemoryStore();
    const raw = rawObjects(inner);
    let before = (): Promise<void> => Promise.resolve();
    const slow: PartObjects = {
      ...raw,
      async *list(options) {
        if (options?.prefix?.startsWith(PARTS_PREFIX) === true) await before();
        yield* raw.list(options);
      },
    };
    const uploads = new PartUploads(raw, { partSize: 4 });
    const upload = await uploads.upload('a');
    await upload.write('0123');
    await upload.flush();
    const reader = await new PartUploads(slow).openUpload('a');
    // Between what the reader knows and what it lists now, somebody takes over and the late part lands.
    before = async () => {
      before = () => Promise.resolve();
      await uploads.upload('a', { resume: upload.id });
      for await (const entry of raw.list({ prefix: PARTS_PREFIX })) {
        const part = entry.type === 'object' ? parsePartKey(entry.key) : undefined;
        assert.equal(part?.index, 0);
        const folder = entry.type === 'object' ? (entry.key.split('/').at(-2) ?? '') : '';
        await raw.put(partKey(folder, { index: 1, epoch: part.epoch, size: 4 }), 'late');
        break;
      }
    };
    assert.equal(await reader.refresh(), 4);
    assert.equal(await text(reader.read()), '0123');
  });

  test('completed again by another process after a crash in the middle, under the same condition', async () => {
    const inner = new MemoryStore();
    const raw = rawObjects(inner, { ...inner.capabilities, serverSideComplete: false });
    const crashing: PartObjects = {
      ...raw,
      put: async (key, body, options) => {
        const info = await raw.put(key, body, options);
        if (key === 'a') throw new StoreError('Unavailable', 'the object is there, and nobody is told');
        return info;
      },
    };
    const first = await new PartUploads(crashing, { partSize: 4 }).upload('a');
    await first.write('0123456');
    await assert.rejects(first.complete({ mode: 'create' }), { code: 'Unavailable' });
    const second = await new PartUploads(raw).upload('a', { resume: first.id });
    assert.equal(second.committed, 7);
    const info = await second.complete({ mode: 'create' });
    assert.equal(info.size, 7);
    assert.deepEqual(await Array.fromAsync(raw.list({ prefix: PARTS_PREFIX })), []);
    // Another object of that key is not taken for it.
    const third = await new PartUploads(crashing, { partSize: 4 }).upload('a');
    await third.write('other');
    await assert.rejects(third.complete(), { code: 'Unavailable' });
    await raw.put('a', 'OTHER');
    const fourth = await new PartUploads(raw).upload('a', { resume: third.id });
    await assert.rejects(fourth.complete({ mode: 'create' }), { code: 'AlreadyExists' });
  });

  test('a condition that fails leaves the upload as it is: more can be written', async () => {
    const store = new PartMemoryStore();
    await store.put('a', 'old');
    const upload = await store.upload('a', { partSize: 4 });
    await upload.write('new');
    await assert.rejects(upload.complete({ mode: { ifMatch: 'another' } }), { code: 'PreconditionFailed' });
    await upload.write('er');
    await upload.complete();
    assert.equal(await toStore(store).get('a').text(), 'newer');
  });

  test('the cleaner removes what is abandoned and what is left, and nothing that is younger', async () => {
    const inner = new MemoryStore();
    const store = new PartMemoryStore(inner);
    const raw = rawObjects(inner);
    const done = await store.upload('done', { partSize: 4 });
    await done.write('0123456');
    await done.complete();
    const left = await store.upload('left', { partSize: 4 });
    await left.write('0123456');
    await left.flush();
    await raw.put(
      `${PARTS_PREFIX}${'0'.repeat(32)}-0123456789ab-0123456789abcdef/00000000-000001-0000000004`,
      'late',
    );
    assert.deepEqual(await cleanUploads(store), [], 'all of it is younger than a week');
    const found = await cleanUploads(store, { olderThanMs: 0, dryRun: true });
    assert.deepEqual(
      new Set(found.map(({ key, reason }) => `${key ?? 'a part'}: ${reason}`)),
      new Set(['done: leftover', 'left: abandoned', 'a part: leftover']),
    );
    assert.equal((await store.openUpload('left')).committed, 7, 'a dry run removes nothing');
    assert.deepEqual(await cleanUploads(store, { olderThanMs: 0 }), found);
    assert.deepEqual(
      (await Array.fromAsync(raw.list())).map((entry) => entry.type === 'object' && entry.key),
      ['done'],
    );
    await assert.rejects(store.openUpload('left'), { code: 'NotFound' });
    await left.write('more');
    await assert.rejects(left.complete());
  });

  test('uploads of any store are cleaned by when they were begun', async () => {
    const store = memory();
    const { id } = await store.upload('a');
    assert.deepEqual(await cleanUploads(store), []);
    assert.deepEqual(await cleanUploads(store, { olderThanMs: 0 }), [{ key: 'a', id, reason: 'abandoned' }]);
    assert.deepEqual(await Array.fromAsync(store.listUploads()), []);
  });

  test('the cleaner is reached through retry', async () => {
    const store = retry(2, new PartMemoryStore());
    const upload = await store.upload('a');
    await upload.complete();
    const { id } = upload;
    assert.deepEqual(await cleanUploads(store, { olderThanMs: 0 }), [{ key: 'a', id, reason: 'leftover' }]);
  });

  test('a follower that is behind when the object is replaced is told', async () => {
    const store = new PartMemoryStore();
    const upload = await store.upload('a', { partSize: 4 });
    await upload.write('0123456789');
    await upload.flush();
    const reader = await store.openUpload('a');
    const chunks = reader.follow({ pollMs: 1 })[Symbol.asyncIterator]();
    assert.equal(new TextDecoder().decode((await chunks.next()).value as Uint8Array), '0123');
    await upload.complete();
    await store.put('a', '0123 and more');
    const rest = async (): Promise<void> => {
      while ((await chunks.next()).done !== true);
    };
    await assert.rejects(rest(), { code: 'Conflict' });
  });

  test('a reader that was closed reads no more, and who waits is told', async () => {
    const store = new PartMemoryStore();
    const upload = await store.upload('a');
    await upload.write('0123');
    await upload.flush();
    const reader = await store.openUpload('a');
    const chunks = reader.follow({ pollMs: 100_000 })[Symbol.asyncIterator]();
    await chunks.next();
    const waiting = chunks.next();
    await reader.close();
    await assert.rejects(waiting, { code: 'Closed' });
    await assert.rejects(reader.refresh(), { code: 'Closed' });
    await upload.abort();
  });

  test('a store that tries again, and finds what its first try made, shuts nobody out', async () => {
    const raw = rawObjects(new MemoryStore());
    const repeating: PartObjects = {
      ...raw,
      put: async (key, body, options) => {
        if (options?.mode === 'create') await raw.put(key, body, options);
        return raw.put(key, body, options);
      },
    };
    const uploads = new PartUploads(repeating, { partSize: 4 });
    const first = await uploads.upload('a');
    await first.write('012345');
    await first.detach();
    const second = await uploads.upload('a', { resume: first.id });
    await second.write('456789');
    assert.equal((await second.complete()).size, 10);
  });
});
