/** The contract of `get`. */

import assert from 'node:assert/strict';
import { collect } from '../body.ts';
import { hasCode, rejects, sample, sameBytes } from './context.ts';
import type { Contract } from './contract.ts';

export const getContract: Contract = (test) => {
  test('get: a key without an object is NotFound', async (c) => {
    await rejects(c.store.get(c.key('none')), 'NotFound');
    await rejects(c.store.get(c.key('none'), { head: true }), 'NotFound');
    await rejects(c.store.get(c.key('none'), { range: { start: 0, end: 1 } }), 'NotFound');
  });

  test('get: ranges', async (c) => {
    const bytes = sample(100_000);
    await c.store.put(c.key('a'), bytes);
    const ranges: [Parameters<typeof c.bytes>[1], number, number][] = [
      [{ range: { start: 0, end: 1 } }, 0, 1],
      [{ range: { start: 0 } }, 0, 100_000],
      [{ range: { start: 99_999 } }, 99_999, 100_000],
      [{ range: { start: 500, end: 70_500 } }, 500, 70_500],
      [{ range: { start: 99_000, end: 200_000 } }, 99_000, 100_000],
      [{ range: { suffix: 10 } }, 99_990, 100_000],
      [{ range: { suffix: 200_000 } }, 0, 100_000],
    ];
    for (const [options, start, end] of ranges) {
      const read = await c.store.get(c.key('a'), options);
      assert.deepEqual({ ...read.range }, { start, end }, JSON.stringify(options));
      assert.equal(read.info.size, 100_000);
      sameBytes(await collect(read.body), bytes.subarray(start, end));
    }
  });

  test('get: ranges beyond the end, and of empty objects', async (c) => {
    await c.store.put(c.key('a'), 'hello');
    await c.store.put(c.key('empty'), '');
    await rejects(c.store.get(c.key('a'), { range: { start: 5 } }), 'InvalidRange');
    await rejects(c.store.get(c.key('a'), { range: { start: 6, end: 9 } }), 'InvalidRange');
    await rejects(c.store.get(c.key('empty'), { range: { start: 0, end: 1 } }), 'InvalidRange');
    assert.equal(await c.text('empty', { range: { suffix: 3 } }), '');
    assert.equal(await c.text('a', { range: { suffix: 0 } }), '');
  });

  test('get: ranges that make no sense are refused', async (c) => {
    await c.store.put(c.key('a'), 'hello');
    for (const range of [
      { start: -1 },
      { start: 3, end: 2 },
      { start: 2, end: 2 },
      { start: 1.5 },
      { suffix: -1 },
      { start: Number.NaN },
    ]) {
      await rejects(c.store.get(c.key('a'), { range }), 'InvalidArgument');
    }
  });

  test('get: conditions', async (c) => {
    const { etag } = await c.store.put(c.key('a'), 'hello');
    assert.equal(await c.text('a', { ifMatch: etag }), 'hello');
    assert.equal(await c.text('a', { ifNoneMatch: 'another' }), 'hello');
    await rejects(c.store.get(c.key('a'), { ifMatch: 'another' }), 'PreconditionFailed');
    await rejects(c.store.get(c.key('a'), { ifNoneMatch: etag }), 'NotModified');
    await rejects(c.store.get(c.key('a'), { ifMatch: 'another', head: true }), 'PreconditionFailed');
    await rejects(c.store.get(c.key('a'), { ifNoneMatch: etag, head: true }), 'NotModified');
  });

  test('get, head: the info without bytes', async (c) => {
    const put = await c.store.put(c.key('a'), sample(5000));
    const read = await c.store.get(c.key('a'), { head: true });
    assert.equal(read.info.key, c.key('a'));
    assert.equal(read.info.size, 5000);
    assert.equal(read.info.etag, put.etag);
    assert.equal((await collect(read.body)).byteLength, 0);
  });

  test('get: what is written later does not show in the body, or the body rejects', async (c) => {
    const bytes = sample(3_000_000, 1);
    await c.store.put(c.key('a'), bytes);
    const read = await c.store.get(c.key('a'));
    await c.store.put(c.key('a'), sample(3_000_000, 2));
    try {
      sameBytes(await collect(read.body), bytes);
    } catch (error) {
      hasCode(error, 'Conflict');
    }
  });

  test('get: a body that is left early, or closed unread, does no harm', async (c) => {
    await c.store.put(c.key('a'), sample(2_000_000));
    const left = await c.store.get(c.key('a'));
    for await (const chunk of left.body) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    const closed = await c.store.get(c.key('a'));
    await closed.close();
    await closed.close();
    {
      await using disposed = await c.store.get(c.key('a'));
      assert.equal(disposed.info.size, 2_000_000);
    }
    sameBytes(await c.bytes('a'), sample(2_000_000));
  });

  test('get: chunks are the reader’s own', async (c) => {
    await c.store.put(c.key('a'), sample(50_000));
    const read = await c.store.get(c.key('a'));
    for await (const chunk of read.body) chunk.fill(0);
    sameBytes(await c.bytes('a'), sample(50_000));
  });

  test('get: many at the same time', async (c) => {
    const bytes = sample(200_000);
    await c.store.put(c.key('a'), bytes);
    const reads = Array.from({ length: 20 }, async (_, i) => {
      const range = { start: i * 1000, end: i * 1000 + 100_000 };
      sameBytes(await c.bytes('a', { range }), bytes.subarray(range.start, range.end));
    });
    await Promise.all(reads);
  });

  test('get: an aborted one rejects', async (c) => {
    await c.store.put(c.key('a'), sample(4_000_000));
    await rejects(c.store.get(c.key('a'), { signal: AbortSignal.abort() }), 'Aborted');
    const control = new AbortController();
    const read = await c.store.get(c.key('a'), { signal: control.signal });
    const reading = (async () => {
      for await (const chunk of read.body) if (chunk.byteLength > 0) control.abort();
    })();
    await rejects(reading, 'Aborted');
  });

  test('get: versions, or refused as unsupported', async (c) => {
    const info = await c.store.put(c.key('a'), 'one');
    if (c.can.versions) {
      if (info.version !== undefined) {
        assert.equal(await c.text('a', { version: info.version }), 'one');
      }
      return;
    }
    await rejects(c.store.get(c.key('a'), { version: 'v1' }), 'Unsupported');
  });
};
