/** The contract of `put`. */

import assert from 'node:assert/strict';
import { hasCode, rejects, sample, sameBytes, stream } from './context.ts';
import type { Contract } from './contract.ts';

export const putContract: Contract = (test) => {
  test('put: what is stored is read again, and the answer describes it', async (c) => {
    const before = Date.now();
    const info = await c.store.put(c.key('a'), 'hello');
    assert.equal(info.key, c.key('a'));
    assert.equal(info.size, 5);
    assert.ok(info.etag.length > 0, 'an etag');
    assert.ok(!info.etag.includes('"'), 'an etag has no quotes');
    // Clocks differ, and some stores count whole seconds.
    assert.ok(Math.abs(info.lastModified.getTime() - before) < 3_600_000, 'lastModified is about now');
    assert.equal(await c.text('a'), 'hello');
    const { info: head } = await c.store.get(c.key('a'), { head: true });
    assert.equal(head.size, 5);
    assert.equal(head.etag, info.etag);
  });

  test('put: an empty object is an object', async (c) => {
    await c.store.put(c.key('empty'), new Uint8Array(0));
    assert.equal((await c.bytes('empty')).byteLength, 0);
    assert.deepEqual(await c.names(), ['empty']);
  });

  test('put: every kind of body', async (c) => {
    const bytes = sample(70_000);
    const bodies: Record<string, () => Parameters<typeof c.store.put>[1]> = {
      bytes: () => bytes,
      view: () => {
        const larger = new Uint8Array(80_000);
        larger.set(bytes, 5000);
        return larger.subarray(5000, 75_000);
      },
      blob: () => new Blob([bytes as Uint8Array<ArrayBuffer>]),
      generator: () => stream(bytes),
      'web stream': () => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream(),
    };
    for (const [name, body] of Object.entries(bodies)) {
      const info = await c.store.put(c.key(name), body());
      assert.equal(info.size, bytes.byteLength, name);
      sameBytes(await c.bytes(name), bytes);
    }
  });

  test('put: text is stored as UTF-8', async (c) => {
    const info = await c.store.put(c.key('text'), 'Zürich 🚰');
    assert.equal(info.size, 12);
    assert.equal(await c.text('text'), 'Zürich 🚰');
  });

  test('put: megabytes, from memory and as a stream', async (c) => {
    const bytes = sample(3_000_001);
    await c.store.put(c.key('memory'), bytes);
    await c.store.put(c.key('stream'), stream(bytes, 65_536));
    sameBytes(await c.bytes('memory'), bytes);
    sameBytes(await c.bytes('stream'), bytes);
  });

  test('put: overwrites, and the etag changes with the content', async (c) => {
    const first = await c.store.put(c.key('a'), 'one');
    const second = await c.store.put(c.key('a'), 'two!');
    assert.notEqual(first.etag, second.etag);
    assert.equal(await c.text('a'), 'two!');
    assert.deepEqual(await c.names(), ['a']);
  });

  test('put: the caller’s memory is the caller’s again', async (c) => {
    const bytes = sample(20_000);
    await c.store.put(c.key('a'), bytes);
    bytes.fill(0);
    sameBytes(await c.bytes('a'), sample(20_000));
  });

  test('put: a body that fails leaves the old object', async (c) => {
    await c.store.put(c.key('a'), 'old');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* stream(sample(200_000));
      throw new RangeError('the source broke');
    }
    await assert.rejects(c.store.put(c.key('a'), failing()), /the source broke/);
    await assert.rejects(c.store.put(c.key('b'), failing()), /the source broke/);
    assert.equal(await c.text('a'), 'old');
    assert.deepEqual(await c.names(), ['a']);
  });

  test('put: a stream of another length than announced is refused, and leaves the old object', async (c) => {
    await c.store.put(c.key('a'), 'old');
    await rejects(c.store.put(c.key('a'), stream(sample(500)), { size: 400 }), 'InvalidArgument');
    await rejects(c.store.put(c.key('a'), stream(sample(500)), { size: 600 }), 'InvalidArgument');
    await rejects(c.store.put(c.key('a'), sample(500), { size: 501 }), 'InvalidArgument');
    assert.equal(await c.text('a'), 'old');
    await c.store.put(c.key('a'), stream(sample(500)), { size: 500 });
    sameBytes(await c.bytes('a'), sample(500));
  });

  test('put: an aborted one leaves the old object', async (c) => {
    await c.store.put(c.key('a'), 'old');
    const control = new AbortController();
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield sample(100_000);
      control.abort(new Error('enough'));
      yield sample(100_000);
    }
    await rejects(c.store.put(c.key('a'), aborting(), { signal: control.signal }), 'Aborted');
    await rejects(c.store.put(c.key('a'), 'new', { signal: AbortSignal.abort() }), 'Aborted');
    assert.equal(await c.text('a'), 'old');
  });

  test('put: what is no body is refused', async (c) => {
    await rejects(
      Promise.try(() => c.store.put(c.key('a'), 7 as unknown as string)),
      'InvalidArgument',
    );
    assert.equal(await c.exists('a'), false);
  });

  test('put, mode create: once, or refused as unsupported', async (c) => {
    if (!c.can.create) {
      await rejects(c.store.put(c.key('a'), 'one', { mode: 'create' }), 'Unsupported');
      assert.equal(await c.exists('a'), false);
      return;
    }
    await c.store.put(c.key('a'), 'one', { mode: 'create' });
    await rejects(c.store.put(c.key('a'), 'two', { mode: 'create' }), 'AlreadyExists');
    await rejects(c.store.put(c.key('a'), stream(sample(50_000)), { mode: 'create' }), 'AlreadyExists');
    assert.equal(await c.text('a'), 'one');
  });

  test('put, mode create: of many at the same time one wins', async (c) => {
    if (!c.can.create) {
      await rejects(c.store.put(c.key('a'), 'x', { mode: 'create' }), 'Unsupported');
      return;
    }
    const tries = Array.from({ length: 8 }, (_, i) =>
      c.store.put(c.key('a'), `writer ${i}`, { mode: 'create' }).then(
        () => `writer ${i}`,
        (error: unknown) => {
          hasCode(error, 'AlreadyExists');
          return undefined;
        },
      ),
    );
    const won = (await Promise.all(tries)).filter((winner) => winner !== undefined);
    assert.equal(won.length, 1, `one writer wins, not ${won.length}`);
    assert.equal(await c.text('a'), won[0]);
  });

  test('put, mode ifMatch: only over that state, or refused as unsupported', async (c) => {
    const first = await c.store.put(c.key('a'), 'one');
    if (!c.can.ifMatch) {
      await rejects(c.store.put(c.key('a'), 'two', { mode: { ifMatch: first.etag } }), 'Unsupported');
      assert.equal(await c.text('a'), 'one');
      return;
    }
    const second = await c.store.put(c.key('a'), 'two', { mode: { ifMatch: first.etag } });
    await rejects(c.store.put(c.key('a'), 'three', { mode: { ifMatch: first.etag } }), 'PreconditionFailed');
    await rejects(c.store.put(c.key('none'), 'x', { mode: { ifMatch: first.etag } }), 'PreconditionFailed');
    assert.equal(await c.text('a'), 'two');
    assert.equal(await c.exists('none'), false);
    await c.store.put(c.key('a'), 'four', { mode: { ifMatch: second.etag } });
    assert.equal(await c.text('a'), 'four');
  });

  test('put, mode ifMatch: counters that many raise at the same time lose nothing', async (c) => {
    if (!c.can.ifMatch) {
      await rejects(c.store.put(c.key('n'), '0', { mode: { ifMatch: 'x' } }), 'Unsupported');
      return;
    }
    await c.store.put(c.key('n'), '0');
    const raise = async (): Promise<void> => {
      for (;;) {
        const read = await c.store.get(c.key('n'));
        let text = '';
        for await (const chunk of read.body) text += Buffer.from(chunk).toString();
        const next = `${Number(text) + 1}`;
        try {
          await c.store.put(c.key('n'), next, { mode: { ifMatch: read.info.etag } });
          return;
        } catch (error) {
          hasCode(error, 'PreconditionFailed', 'Unavailable');
        }
      }
    };
    await Promise.all(Array.from({ length: 5 }, raise));
    assert.equal(await c.text('n'), '5');
  });

  test('put: of two at the same time one is there whole', async (c) => {
    const bodies = [sample(300_000, 1), sample(300_000, 2), sample(300_000, 3)];
    await Promise.all(bodies.map((body) => c.store.put(c.key('a'), stream(body))));
    const found = Buffer.from(await c.bytes('a'));
    assert.ok(
      bodies.some((body) => found.equals(body)),
      'one of the bodies, and no mixture',
    );
  });
};
