/** The contract of `readInto`. */

import assert from 'node:assert/strict';
import { rejects, sample, sameBytes } from './context.ts';
import type { Contract } from './contract.ts';

export const readIntoContract: Contract = (test) => {
  test('readInto: a whole object, also into larger memory', async (c) => {
    const bytes = sample(300_000);
    const put = await c.store.put(c.key('a'), bytes);
    const exact = new Uint8Array(300_000);
    const info = await c.store.readInto(c.key('a'), [{ start: 0, into: exact }], { whole: true });
    assert.equal(info.size, 300_000);
    assert.equal(info.etag, put.etag);
    sameBytes(exact, bytes);
    const larger = new Uint8Array(300_010).fill(9);
    await c.store.readInto(c.key('a'), [{ start: 0, into: larger }], { whole: true });
    sameBytes(larger.subarray(0, 300_000), bytes);
    assert.ok(
      larger.subarray(300_000).every((byte) => byte === 9),
      'what is behind the object stays',
    );
  });

  test('readInto: memory that is too small says what is needed', async (c) => {
    await c.store.put(c.key('a'), sample(1000));
    const error = await c.store
      .readInto(c.key('a'), [{ start: 0, into: new Uint8Array(999) }], { whole: true })
      .then(
        () => undefined,
        (thrown: unknown) => thrown as { code: string; bytesNeeded: number },
      );
    assert.equal(error?.code, 'BufferTooSmall');
    assert.equal(error.bytesNeeded, 1000);
  });

  test('readInto: many ranges, in any order, overlapping, near and far', async (c) => {
    const bytes = sample(400_000);
    await c.store.put(c.key('a'), bytes);
    const spans = [
      [390_000, 10_000],
      [0, 1],
      [10, 5],
      [12, 100],
      [200_000, 65_536],
      [200_000, 10],
      [399_999, 1],
      [5, 0],
    ] as const;
    const targets = spans.map(([start, size]) => ({ start, into: new Uint8Array(size) }));
    await c.store.readInto(c.key('a'), targets);
    for (const { start, into } of targets) sameBytes(into, bytes.subarray(start, start + into.byteLength));
  });

  test('readInto: parts of larger memory, and shared memory', async (c) => {
    const bytes = sample(50_000);
    await c.store.put(c.key('a'), bytes);
    const shared = new Uint8Array(new SharedArrayBuffer(60_000), 100, 50_000);
    await c.store.readInto(c.key('a'), [{ start: 0, into: shared }], { whole: true });
    sameBytes(shared.slice(), bytes);
    const memory = new Uint8Array(30_000).fill(9);
    await c.store.readInto(c.key('a'), [{ start: 20_000, into: memory.subarray(10_000, 20_000) }]);
    sameBytes(memory.subarray(10_000, 20_000), bytes.subarray(20_000, 30_000));
    assert.ok(
      memory.subarray(0, 10_000).every((byte) => byte === 9),
      'memory before the target stays',
    );
    assert.ok(
      memory.subarray(20_000).every((byte) => byte === 9),
      'memory behind the target stays',
    );
  });

  test('readInto: an object that ends within a target rejects', async (c) => {
    await c.store.put(c.key('a'), sample(1000));
    const into = new Uint8Array(100);
    await rejects(c.store.readInto(c.key('a'), [{ start: 901, into }]), 'InvalidRange');
    await rejects(c.store.readInto(c.key('a'), [{ start: 5000, into }]), 'InvalidRange');
  });

  test('readInto: targets that make no sense are refused', async (c) => {
    await c.store.put(c.key('a'), sample(1000));
    const into = new Uint8Array(10);
    await rejects(c.store.readInto(c.key('a'), [{ start: -1, into }]), 'InvalidArgument');
    await rejects(c.store.readInto(c.key('a'), [{ start: 1, into }], { whole: true }), 'InvalidArgument');
    await rejects(c.store.readInto(c.key('a'), [], { whole: true }), 'InvalidArgument');
  });

  test('readInto: nothing to read still looks at the object', async (c) => {
    await c.store.put(c.key('empty'), '');
    const info = await c.store.readInto(c.key('empty'), [{ start: 0, into: new Uint8Array(5) }], {
      whole: true,
    });
    assert.equal(info.size, 0);
    assert.equal((await c.store.readInto(c.key('empty'), [])).size, 0);
    await rejects(c.store.readInto(c.key('none'), []), 'NotFound');
    await rejects(c.store.readInto(c.key('none'), [{ start: 0, into: new Uint8Array(1) }]), 'NotFound');
  });

  test('readInto: conditions and signals', async (c) => {
    const { etag } = await c.store.put(c.key('a'), sample(1000));
    const into = new Uint8Array(1000);
    await c.store.readInto(c.key('a'), [{ start: 0, into }], { ifMatch: etag });
    sameBytes(into, sample(1000));
    await rejects(
      c.store.readInto(c.key('a'), [{ start: 0, into }], { ifMatch: 'another' }),
      'PreconditionFailed',
    );
    await rejects(
      c.store.readInto(c.key('a'), [{ start: 0, into }], { signal: AbortSignal.abort() }),
      'Aborted',
    );
  });
};
