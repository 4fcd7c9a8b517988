/** Bodies and reads into memory that break off: every byte once, in its place, of one state; or an error. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { drain, rejects, sample, sameBytes } from '../../testing/context.ts';
import { JumpingClock } from '../clock.fixtures.ts';
import { FaultyStore } from '../faulty.fixtures.ts';
import { retry } from '../retry.ts';
import { piecesOf } from './repeated-read-into.ts';

const BYTES = sample(100_000);

async function over(faulty: FaultyStore, attempts = 4) {
  const clock = new JumpingClock();
  const store = retry({ attempts, clock, random: () => 0 }, faulty);
  await faulty.put('a', BYTES);
  return { store, clock };
}

suite('retry: bodies', () => {
  test('a broken body goes on where it stopped, pinned to its etag', async () => {
    const faulty = new FaultyStore({ get: [30_000, 1, 'before', { stallAfter: 50_000 }, 'hang', 0] });
    const { store, clock } = await over(faulty);
    sameBytes(await store.get('a').bytes(), BYTES);
    const { etag } = await store.head('a');
    const again = faulty.optionsOf('get').slice(1, -1) as { range: object; ifMatch: string }[];
    assert.ok(again.every(({ ifMatch }) => ifMatch === etag));
    assert.deepEqual(again[0]?.range, { start: 30_000, end: 100_000 });
    assert.equal(clock.pending, 0);
  });

  test('a range that breaks ends where it was to end', async () => {
    const { store } = await over(new FaultyStore({ get: [10, 20] }));
    const range = { start: 500, end: 70_000 };
    sameBytes(await store.get('a', { range }).bytes(), BYTES.subarray(500, 70_000));
    const { store: other } = await over(new FaultyStore({ get: [10, 20] }));
    sameBytes(await other.get('a', { range: { suffix: 1000 } }).bytes(), BYTES.subarray(99_000));
  });

  test('a body that ends early without a word is not taken for whole', async () => {
    const { store } = await over(new FaultyStore({ get: [-30_000, -1] }));
    sameBytes(await store.get('a').bytes(), BYTES);
  });

  test('a body that breaks behind its last byte is whole', async () => {
    const faulty = new FaultyStore({ get: [100_000] });
    const { store } = await over(faulty);
    sameBytes(await store.get('a').bytes(), BYTES);
    assert.equal(faulty.optionsOf('get').length, 1);
  });

  test('an object that was changed or deleted meanwhile is a Conflict, and no mixture', async () => {
    for (const change of ['put', 'delete'] as const) {
      const faulty = new FaultyStore({ get: [30_000] });
      const { store } = await over(faulty);
      const read = await store.get('a');
      if (change === 'put') await faulty.put('a', sample(100_000, 2));
      else await drain(faulty.delete(['a']));
      await rejects(drain(read.body), 'Conflict');
    }
  });

  test('a body that makes no progress ends with the error', async () => {
    const { store } = await over(new FaultyStore({ get: [30_000, 0, 0, 0, 0] }));
    await rejects(drain((await store.get('a')).body), 'Unavailable');
  });

  test('one that is closed leaves no timer', async () => {
    const { store, clock } = await over(new FaultyStore());
    const read = await store.get('a');
    await read.close();
    for await (const chunk of (await store.get('a')).body) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    assert.equal(clock.pending, 0);
  });
});

suite('retry: readInto', () => {
  test('is filled from one state, though it fails', async () => {
    const faulty = new FaultyStore({ readInto: ['after', 'hang'], get: ['before'] });
    const { store } = await over(faulty, 5);
    const into = new Uint8Array(100_010);
    const info = await store.readInto('a', into);
    sameBytes(into.subarray(0, 100_000), BYTES);
    const pinned = faulty.optionsOf('readInto').slice(1) as { ifMatch: string }[];
    assert.ok(pinned.every(({ ifMatch }) => ifMatch === info.etag));
    assert.equal(pinned.length, 2);
  });

  test('ranges, and errors that a second look finds', async () => {
    const faulty = new FaultyStore({ readInto: ['before', 'ok', 'before', 'before'] });
    const { store } = await over(faulty, 5);
    const targets = [
      { start: 99_000, into: new Uint8Array(1000) },
      { start: 5, into: new Uint8Array(0) },
      { start: 0, into: new Uint8Array(7) },
    ];
    await store.readInto('a', targets);
    for (const { start, into } of targets) sameBytes(into, BYTES.subarray(start, start + into.byteLength));
    await assert.rejects(store.readInto('a', new Uint8Array(10)), {
      code: 'BufferTooSmall',
      bytesNeeded: 100_000,
    });
    await rejects(store.readInto('a', targets, { ifMatch: 'another' }), 'PreconditionFailed');
  });

  test('pieces cover the targets, each byte once', () => {
    const targets = [
      { start: 0, into: new Uint8Array(25) },
      { start: 100, into: new Uint8Array(3) },
      { start: 200, into: new Uint8Array(12) },
    ];
    assert.deepEqual(
      piecesOf(targets, 10).map((piece) => piece.map(({ start, into }) => [start, into.byteLength])),
      [
        [[0, 10]],
        [[10, 10]],
        [
          [20, 5],
          [100, 3],
          [200, 2],
        ],
        [[202, 10]],
      ],
    );
  });
});
