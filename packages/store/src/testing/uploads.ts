/** The contract of uploads in progress. */

import assert from 'node:assert/strict';
import { collect } from '../body.ts';
import type { UploadReader } from '../upload.ts';
import { drain, rejects, sample, sameBytes, stream } from './context.ts';
import type { Context } from './context.ts';
import type { Contract } from './contract.ts';

/** Small, and no less than the store takes. */
function partSizeOf(c: Context): number {
  return Math.max(c.can.partBytesMin, 10_000);
}

/** Looks until so much is committed: what is stored can show a little later. */
async function committed(reader: UploadReader, size: number): Promise<void> {
  while ((await reader.refresh()) < size) await new Promise((resolve) => setTimeout(resolve, 10));
}

export const uploadsContract: Contract = (test) => {
  test('upload: refused as unsupported where the store has none', async (c) => {
    if (c.can.uploads) return;
    await rejects(c.store.upload(c.key('a')), 'Unsupported');
    await rejects(c.store.openUpload(c.key('a')), 'Unsupported');
    await rejects(drain(c.store.listUploads({ prefix: c.prefix })), 'Unsupported');
  });

  const testUpload: typeof test = (name, body) => {
    test(name, async (c) => {
      if (c.can.uploads) await body(c);
    });
  };

  testUpload('upload: the object appears when it is complete, and not before', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize * 3 + 777);
    const up = await c.store.upload(c.key('a'), {
      partSize,
      ...(c.can.attributes ? { attributes: { contentType: 'text/plain' } } : {}),
    });
    assert.equal(up.key, c.key('a'));
    assert.ok(up.partSize >= partSize);
    for (let start = 0; start < bytes.byteLength; start += 7001) {
      await up.write(bytes.subarray(start, start + 7001));
    }
    await rejects(c.store.get(c.key('a')), 'NotFound');
    assert.deepEqual(await c.names(), []);
    const info = await up.complete();
    assert.equal(info.key, c.key('a'));
    assert.equal(info.size, bytes.byteLength);
    sameBytes(await c.bytes('a'), bytes);
    assert.deepEqual(await c.names(), ['a']);
    if (c.can.attributes) {
      const { attributes } = (await c.store.get(c.key('a'), { head: true })).info;
      assert.equal(attributes.contentType, 'text/plain');
    }
  });

  testUpload('upload: an old object stays until the new one is complete', async (c) => {
    await c.store.put(c.key('a'), 'old');
    const up = await c.store.upload(c.key('a'));
    await up.write('new');
    await up.flush();
    assert.equal(await c.text('a'), 'old');
    await up.complete();
    assert.equal(await c.text('a'), 'new');
  });

  testUpload('upload: nothing at all, and text', async (c) => {
    await (await c.store.upload(c.key('empty'))).complete();
    assert.equal((await c.bytes('empty')).byteLength, 0);
    const up = await c.store.upload(c.key('text'));
    await up.write('Zürich ');
    await up.write('🚰');
    await up.complete();
    assert.equal(await c.text('text'), 'Zürich 🚰');
  });

  testUpload('upload: what is committed can be read before it is complete', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize * 2 + 500);
    const up = await c.store.upload(c.key('a'), { partSize });
    await up.write(bytes);
    const flushed = await up.flush();
    assert.equal(flushed, bytes.byteLength, 'the last part counts, though it be short');
    assert.equal(up.committed, flushed);
    const reader = await c.store.openUpload(c.key('a'));
    assert.equal(reader.id, up.id);
    await committed(reader, bytes.byteLength);
    sameBytes(await collect(reader.read()), bytes);
    const across = { start: partSize - 100, end: partSize + 100 };
    sameBytes(await collect(reader.read(across)), bytes.subarray(across.start, across.end));
    sameBytes(await collect(reader.read({ suffix: 600 })), bytes.subarray(bytes.byteLength - 600));
    await rejects(drain(reader.read({ start: bytes.byteLength })), 'InvalidRange');
    await rejects(drain(reader.read({ start: 0, end: bytes.byteLength + 1 })), 'InvalidRange');
    await reader.close();
    await up.abort();
  });

  testUpload('upload: goes on after a flush, and all of it is there', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize + 3000);
    const up = await c.store.upload(c.key('a'), { partSize });
    let last = 0;
    for (const end of [1, 100, 2000, partSize - 1, partSize, partSize + 1, bytes.byteLength]) {
      await up.write(bytes.subarray(last, end));
      assert.equal(await up.flush(), end);
      const reader = await c.store.openUpload(c.key('a'), up.id);
      await committed(reader, end);
      sameBytes(await collect(reader.read({ start: 0, end })), bytes.subarray(0, end));
      await reader.close();
      last = end;
    }
    await up.complete();
    sameBytes(await c.bytes('a'), bytes);
  });

  testUpload('upload: followed from the first byte to the end', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize * 3 + 123);
    const up = await c.store.upload(c.key('a'), { partSize });
    const readers = await Promise.all([
      c.store.openUpload(c.key('a')),
      c.store.openUpload(c.key('a'), up.id),
      c.store.openUpload(c.key('a'), up.id),
    ]);
    const starts = [0, 0, partSize + 5];
    const followed = readers.map((reader, i) =>
      collect(reader.follow({ start: starts[i] ?? 0, pollMs: 10 })),
    );
    for (let start = 0; start < bytes.byteLength; start += partSize) {
      await up.write(bytes.subarray(start, start + partSize));
      await up.flush();
    }
    await up.complete();
    for (const [i, body] of (await Promise.all(followed)).entries()) {
      sameBytes(body, bytes.subarray(starts[i]));
    }
  });

  testUpload('upload: followers of an aborted one are told', async (c) => {
    const up = await c.store.upload(c.key('a'));
    await up.write('part of it');
    await up.flush();
    const reader = await c.store.openUpload(c.key('a'));
    // It may be told before the abort is done.
    const told = rejects(drain(reader.follow({ pollMs: 10 })), 'NotFound');
    await up.abort();
    await up.abort();
    await told;
    await rejects(c.store.openUpload(c.key('a')), 'NotFound');
    await rejects(c.store.openUpload(c.key('a'), up.id), 'NotFound');
    await rejects(c.store.get(c.key('a')), 'NotFound');
  });

  testUpload('upload: a follower can leave, and be aborted', async (c) => {
    const up = await c.store.upload(c.key('a'));
    await up.write('begin');
    await up.flush();
    const reader = await c.store.openUpload(c.key('a'));
    const control = new AbortController();
    const waiting = drain(reader.follow({ signal: control.signal, pollMs: 10 }));
    control.abort();
    await rejects(waiting, 'Aborted');
    for await (const chunk of reader.follow({ pollMs: 10 })) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    await up.abort();
  });

  testUpload('upload: resumed where its committed bytes end; the earlier writer is shut out', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize * 2 + 4321);
    const first = await c.store.upload(c.key('a'), { partSize });
    const cut = partSize + 321;
    await first.write(bytes.subarray(0, cut));
    await first.flush();
    const second = await c.store.upload(c.key('a'), { resume: first.id });
    assert.equal(second.id, first.id);
    assert.equal(second.partSize, first.partSize);
    assert.equal(second.committed, cut);
    await rejects(
      (async () => {
        await first.write(sample(partSize * 4, 9));
        await first.flush();
      })(),
      'Conflict',
    );
    await second.write(bytes.subarray(cut));
    await second.complete();
    sameBytes(await c.bytes('a'), bytes);
    await rejects(c.store.upload(c.key('a'), { resume: first.id }), 'NotFound');
  });

  testUpload('upload: detached, it stays to be resumed', async (c) => {
    const up = await c.store.upload(c.key('a'));
    await up.write('kept');
    await up.flush();
    await up.detach();
    await rejects(up.write('more'), 'Closed');
    const again = await c.store.upload(c.key('a'), { resume: up.id });
    assert.equal(again.committed, 4);
    await again.write(' and more');
    await again.complete();
    assert.equal(await c.text('a'), 'kept and more');
  });

  testUpload('upload: left by an error it is gone', async (c) => {
    {
      await using up = await c.store.upload(c.key('a'));
      await up.write('half');
      await up.flush();
    }
    await rejects(c.store.openUpload(c.key('a')), 'NotFound');
    assert.deepEqual(await drain(c.store.listUploads({ prefix: c.prefix })), []);
  });

  testUpload('upload: listed by key, those of a key from the oldest on', async (c) => {
    const b1 = await c.store.upload(c.key('b'));
    const a = await c.store.upload(c.key('a'));
    const b2 = await c.store.upload(c.key('b'));
    const other = await c.store.upload(c.key('other'));
    for (const up of [b1, a, b2, other]) await up.flush();
    const all = await drain(c.store.listUploads({ prefix: c.prefix }));
    assert.deepEqual(
      all.map(({ key, id }) => [key.slice(c.prefix.length), id]),
      [
        ['a', a.id],
        ['b', b1.id],
        ['b', b2.id],
        ['other', other.id],
      ],
    );
    assert.ok(all.every(({ startedAt }) => startedAt instanceof Date));
    const some = await drain(c.store.listUploads({ prefix: c.key('b') }));
    assert.deepEqual(
      some.map(({ id }) => id),
      [b1.id, b2.id],
    );
    const newest = await c.store.openUpload(c.key('b'));
    assert.equal(newest.id, b2.id);
    for (const up of [b1, a, b2, other]) await up.abort();
    assert.deepEqual(await drain(c.store.listUploads({ prefix: c.prefix })), []);
  });

  testUpload('upload: two of one key do not mix; the last to complete is the object', async (c) => {
    const one = await c.store.upload(c.key('a'));
    const two = await c.store.upload(c.key('a'));
    await one.write('one');
    await two.write('two');
    await two.complete();
    assert.equal(await c.text('a'), 'two');
    await one.complete();
    assert.equal(await c.text('a'), 'one');
  });

  testUpload('upload: completed under a condition', async (c) => {
    await c.store.put(c.key('a'), 'old');
    const up = await c.store.upload(c.key('a'));
    await up.write('new');
    if (!c.can.create) {
      await rejects(up.complete({ mode: 'create' }), 'Unsupported');
      assert.equal(await c.text('a'), 'old');
      await up.abort();
      return;
    }
    await rejects(up.complete({ mode: 'create' }), 'AlreadyExists');
    assert.equal(await c.text('a'), 'old');
    await up.complete();
    assert.equal(await c.text('a'), 'new');
  });

  testUpload('upload: a whole stream, in parallel parts', async (c) => {
    const partSize = partSizeOf(c);
    const bytes = sample(partSize * 4 + 1);
    const up = await c.store.upload(c.key('a'), { partSize, concurrency: 3 });
    await up.writeAll(stream(bytes, 8192));
    const info = await up.complete();
    assert.equal(info.size, bytes.byteLength);
    assert.equal(up.committed, bytes.byteLength);
    sameBytes(await c.bytes('a'), bytes);
    assert.deepEqual(await up.complete(), info, 'complete can be said again');
    await rejects(up.write('more'), 'Closed');
  });

  testUpload('upload: what makes no sense is refused', async (c) => {
    await rejects(c.store.upload(c.key('a'), { resume: 'no-such-upload' }), 'NotFound');
    await rejects(c.store.openUpload(c.key('a'), 'no-such-upload'), 'NotFound');
    await rejects(c.store.openUpload(c.key('a')), 'NotFound');
    await rejects(c.store.upload(c.key('a'), { partSize: 0 }), 'InvalidArgument');
    await rejects(c.store.upload(c.key('a'), { partSize: 1.5 }), 'InvalidArgument');
    await rejects(c.store.upload(c.key('a'), { signal: AbortSignal.abort() }), 'Aborted');
  });
};
