/** Uploads whose writer or reader breaks: the object is what was written, or there is an error. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { collect } from '../../body.ts';
import { drain, rejects, sample, sameBytes, stream } from '../../testing/context.ts';
import { JumpingClock } from '../clock.fixtures.ts';
import { FaultyStore } from '../faulty.fixtures.ts';
import { retry } from '../retry.ts';
import { UncommittedBytes } from './uncommitted-bytes.ts';

const BYTES = sample(45_000);

function over(faulty: FaultyStore) {
  return retry({ clock: new JumpingClock(), random: () => 0, attemptTimeoutMs: 1000 }, faulty);
}

suite('retry: uploads', () => {
  for (const fault of ['before', 'after', 'hang'] as const) {
    test(`writes, flushes and completes that fail (${fault}) lose and double nothing`, async () => {
      const faulty = new FaultyStore({
        upload: ['ok', 'before'],
        write: ['ok', 'ok', fault, 'ok', 'ok', fault],
        flush: ['ok', fault],
        complete: [fault === 'after' ? 'before' : fault],
      });
      const store = over(faulty);
      const up = await store.upload('a', { partSize: 10_000 });
      for (let start = 0; start < 30_000; start += 4321) {
        await up.write(BYTES.subarray(start, Math.min(30_000, start + 4321)));
        if (start === 4321 * 3) assert.equal(await up.flush(), start + 4321);
      }
      assert.equal(await up.flush(), 30_000);
      assert.equal(up.committed, 30_000);
      await up.writeAll(stream(BYTES.subarray(30_000), 3000));
      assert.equal((await up.complete()).size, BYTES.byteLength);
      sameBytes(await store.get('a').bytes(), BYTES);
      assert.ok(faulty.optionsOf('upload').length > 2, 'it was resumed');
    });
  }

  test('the caller’s memory is the caller’s again after a write', async () => {
    const store = over(new FaultyStore({ flush: ['before'] }));
    const up = await store.upload('a', { partSize: 10_000 });
    const memory = new Uint8Array(100).fill(1);
    await up.write(memory);
    memory.fill(2);
    await up.complete();
    assert.deepEqual(await store.get('a').bytes(), new Uint8Array(100).fill(1));
  });

  test('a write after a call that failed for good is not written twice', async () => {
    const faulty = new FaultyStore({ flush: ['before', 'before', 'before'] });
    const store = retry({ attempts: 2, clock: new JumpingClock(), random: () => 0 }, faulty);
    const up = await store.upload('a');
    await up.write('one ');
    await rejects(up.flush(), 'Unavailable');
    await up.write('two');
    await up.flush().catch(() => undefined);
    await up.complete();
    assert.equal(await store.get('a').text(), 'one two');
  });

  test('bytes that somebody else has written in the meantime are a Conflict', async () => {
    const faulty = new FaultyStore({ flush: ['hang'] });
    const store = over(faulty);
    const up = await store.upload('a');
    await up.write('mine, and more');
    const flushed = up.flush();
    const other = await faulty.upload('a', { resume: up.id });
    await other.write('theirs');
    faulty.plan.flush = [];
    await other.flush();
    await rejects(flushed, 'Conflict');
    await other.complete();
    assert.equal(await store.get('a').text(), 'theirs');
  });

  test('a writer that was shut out stays so', async () => {
    const faulty = new FaultyStore();
    const store = over(faulty);
    const up = await store.upload('a');
    await faulty.upload('a', { resume: up.id });
    await up.write('x');
    await rejects(up.flush(), 'Conflict');
  });

  test('an abort that fails is done again', async () => {
    const faulty = new FaultyStore({ abort: ['before', 'after'] });
    const store = over(faulty);
    const up = await store.upload('a');
    await up.abort();
    assert.deepEqual(await drain(store.listUploads()), []);
    await up.abort();
  });

  test('readers go on where they broke', async () => {
    const faulty = new FaultyStore({
      read: [5, 'before', 20_000, 'hang', -3],
      follow: [7, 'before', 100],
      refresh: ['before'],
    });
    const store = over(faulty);
    const up = await store.upload('a', { partSize: 10_000 });
    await up.write(BYTES);
    await up.flush();
    const reader = await store.openUpload('a');
    sameBytes(await collect(reader.read()), BYTES);
    faulty.plan.read = [3, 'before'];
    sameBytes(await collect(reader.read({ start: 100, end: 200 })), BYTES.subarray(100, 200));
    faulty.plan.read = [3];
    sameBytes(await collect(reader.read({ suffix: 50 })), BYTES.subarray(-50));
    const followed = collect(reader.follow({ start: 10 }));
    await up.complete();
    sameBytes(await followed, BYTES.subarray(10));
  });
});

test('uncommitted bytes are kept in their place', () => {
  const kept = new UncommittedBytes(100);
  assert.equal(kept.add(sample(10)), 110);
  assert.equal(kept.add(sample(10, 2)), 120);
  kept.drop(105);
  assert.equal(kept.start, 105);
  assert.ok(kept.has(107, Buffer.concat([sample(10).subarray(7), sample(10, 2).subarray(0, 4)])));
  assert.ok(!kept.has(107, Buffer.concat([sample(10).subarray(7), sample(10, 3).subarray(0, 4)])));
  assert.ok(!kept.has(104, sample(10).subarray(4)));
  kept.drop(110);
  assert.deepEqual(kept.chunks(), [sample(10, 2)]);
  kept.drop(200);
  assert.equal(kept.start, 120);
});
