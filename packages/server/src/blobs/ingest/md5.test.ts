/** MD5 on either thread: the digest of what came, with every slab given back. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';

import { digestOf, expectDigests, openHasher, update } from './hasher.testing.ts';

/** Announced sizes that are hashed on the caller's thread, and on the other. */
const HERE = 1024 * 1024 - 1;
const THERE = 1024 * 1024;

for (const [size, where] of [
  [HERE, 'on the thread that receives'],
  [THERE, 'on the other thread'],
] as const) {
  suite(`MD5 ${where}`, () => {
    test('is that of the pieces in order, and of nothing behind them in their slabs', async (t) => {
      const md5 = openHasher(t).start(size);
      const pieces = [100_000, 1, 262_144, 4095].map((length) => randomBytes(length));
      const updated = pieces.map((piece) => update(md5, piece));
      assert.equal((await md5.digest()).toString('hex'), digestOf(...pieces));
      await Promise.all(updated);
    });

    test('of nothing is that of nothing', async (t) => {
      assert.equal((await openHasher(t).start(size).digest()).toString('hex'), digestOf());
    });

    test('streams do not mix, and one that is given up gives its slabs back and disturbs no other', async (t) => {
      const hasher = openHasher(t);
      const [first, dropped, second] = [hasher.start(size), hasher.start(size), hasher.start(size)];
      const [a, b, c] = [randomBytes(1000), randomBytes(2000), randomBytes(3000)];
      const updates = [
        update(first, a),
        update(dropped, b),
        update(second, b),
        update(dropped, a),
        update(first, c),
      ];
      dropped.drop();
      assert.equal((await second.digest()).toString('hex'), digestOf(b));
      assert.equal((await first.digest()).toString('hex'), digestOf(a, c));
      await Promise.all(updates);
    });

    test('of many bodies at once each is its own, however their pieces come', async (t) => {
      const hasher = openHasher(t);
      const bodies = Array.from({ length: 21 }, (_, i) =>
        Array.from({ length: 1 + (i % 5) }, (_unused, j) =>
          randomBytes(1 + ((i * 37_987 + j * 64 * 511) % 262_144)),
        ),
      );
      const streams = bodies.map((pieces) => ({ md5: hasher.start(size), left: [...pieces] }));
      const updates: Promise<void>[] = [];
      for (let round = 0; round < 5; round++) {
        for (const { md5, left } of streams) {
          const piece = left.shift();
          if (piece !== undefined) updates.push(update(md5, piece));
        }
      }
      await expectDigests(
        streams.map(({ md5 }) => md5),
        bodies,
      );
      await Promise.all(updates);
    });

    test('a body whose slabs others wait for gets them back while those others send nothing', async (t) => {
      const hasher = openHasher(t);
      const [silent, alone] = [hasher.start(size), hasher.start(size)];
      await Promise.all([update(silent, randomBytes(1000)), update(alone, randomBytes(1000))]);
      const bytes = randomBytes(5000);
      await update(alone, bytes);
    });
  });
}
