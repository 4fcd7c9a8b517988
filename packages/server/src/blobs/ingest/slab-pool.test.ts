/** Memory for bodies: everybody has one slab, nobody has too many, and no two have the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALIGNMENT, SLAB_BYTES, SlabPool } from './slab-pool.ts';
import type { Slab, SlabShare } from './slab-pool.ts';

function take(share: SlabShare): Slab {
  const slab = share.take();
  assert.ok(slab);
  return slab;
}

/** As many as there are. */
function takeAll(share: SlabShare): Slab[] {
  const slabs: Slab[] = [];
  for (let slab = share.take(); slab !== undefined; slab = share.take()) slabs.push(slab);
  return slabs;
}

test('slabs are shared memory, aligned for direct I/O, and do not overlap', () => {
  const slabs = takeAll(new SlabPool({ extra: 39, perUser: 40 }).share());
  assert.equal(slabs.length, 40);
  for (const [i, { bytes }] of slabs.entries()) {
    assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    assert.equal(bytes.length, SLAB_BYTES);
    assert.equal(bytes.byteOffset % ALIGNMENT, 0);
    bytes.fill(i);
  }
  for (const [i, { bytes }] of slabs.entries()) assert.ok(bytes.every((byte) => byte === i));
});

test('one user may have so many, though there are more', () => {
  const pool = new SlabPool({ extra: 100, perUser: 3 });
  const share = pool.share();
  const [first] = takeAll(share);
  assert.ok(first);
  assert.equal(takeAll(pool.share()).length, 3);
  share.give(first);
  assert.equal(takeAll(share).length, 1);
});

test('all users together may have so many beyond the first of each', () => {
  const pool = new SlabPool({ extra: 2, perUser: 8 });
  const greedy = pool.share();
  const held = takeAll(greedy);
  assert.equal(held.length, 3);
  const other = pool.share();
  assert.equal(takeAll(other).length, 1);
  const [last] = held.splice(2);
  assert.ok(last);
  greedy.give(last);
  assert.equal(takeAll(other).length, 1);
  assert.equal(greedy.take(), undefined);
});

test('every user has one slab, however many there are and whatever others hold', () => {
  const pool = new SlabPool({ extra: 1, perUser: 8 });
  takeAll(pool.share());
  const crowd = Array.from({ length: 50 }, () => take(pool.share()));
  assert.equal(new Set(crowd).size, 50);
});

test('a user that gave everything back has its one slab again, and the common budget is whole', () => {
  const pool = new SlabPool({ extra: 2, perUser: 3 });
  for (let i = 0; i < 5; i++) {
    const share = pool.share();
    const held = takeAll(share);
    assert.equal(held.length, 3);
    for (const slab of held) share.give(slab);
  }
});

test('who waits is woken by the next slab that anybody gives back', async () => {
  const pool = new SlabPool({ extra: 1, perUser: 8 });
  const first = pool.share();
  const [held] = takeAll(first);
  assert.ok(held);
  const [second, third] = [pool.share(), pool.share()];
  takeAll(second);
  takeAll(third);
  const waiting = [second.whenFree(), third.whenFree()];
  first.give(held);
  await Promise.all(waiting);
  take(second);
  assert.equal(third.take(), undefined);
});

test('a slab that is given back twice, or by somebody else, is refused: two bodies would share it', () => {
  const pool = new SlabPool({ extra: 4, perUser: 8 });
  const [share, other] = [pool.share(), pool.share()];
  const slab = take(share);
  assert.throws(() => other.give(slab), /not held/);
  share.give(slab);
  assert.throws(() => share.give(slab), /not held/);
  const taken = [...takeAll(share), ...takeAll(other)];
  assert.equal(new Set(taken).size, taken.length);
});

test('what a crowd needed is not kept: only what the budget may need again', () => {
  const pool = new SlabPool({ extra: 2, perUser: 8 });
  const crowd = Array.from({ length: 100 }, () => pool.share());
  const before = new Set(crowd.map(take));
  for (const [i, slab] of [...before].entries()) crowd[i]?.give(slab);
  const again = crowd.map(take).filter((slab) => before.has(slab));
  assert.ok(again.length >= 2 && again.length < 40, `${again.length} were kept`);
});

test('crowds that come and go leave few pieces of memory in use, not a slab in each of many', () => {
  const pool = new SlabPool({ extra: 24, perUser: 8 });
  const users: { share: SlabShare; slab: Slab }[] = [];
  // Leave in no order; the same each time.
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fffffff) % below;
  const come = (): void => {
    const share = pool.share();
    users.push({ share, slab: take(share) });
  };
  const go = (): void => {
    const [user] = users.splice(random(users.length), 1);
    user?.share.give(user.slab);
  };
  for (let round = 0; round < 5; round++) {
    while (users.length < 300) come();
    while (users.length > 30) go();
    for (let i = 0; i < 500; i++) {
      go();
      come();
    }
    const pieces = new Set(users.map(({ slab }) => slab.bytes.buffer));
    assert.ok(pieces.size <= 4, `${pieces.size} pieces for 30 slabs`);
  }
});

test('slabs side by side count as many, and fewer come when there are not so many', () => {
  const pool = new SlabPool({ extra: 9, perUser: 8 });
  const [share, other] = [pool.share(), pool.share()];
  const sizes = [share.take(4), share.take(4), share.take(4)].map(
    (slab) => (slab?.bytes.length ?? 0) / SLAB_BYTES,
  );
  assert.deepEqual(sizes, [4, 4, 0]);
  const rest = other.take(4);
  assert.ok(rest);
  // One of its own, and the last two of the common budget: three are no power of two.
  assert.equal(rest.bytes.length, 2 * SLAB_BYTES);
  assert.equal(takeAll(other).length, 1);
  assert.equal(other.take(), undefined);
});

test('slabs side by side share no byte with others, whoever comes and goes', () => {
  const pool = new SlabPool({ extra: 60, perUser: 30 });
  const users: { share: SlabShare; slab: Slab }[] = [];
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fffffff) % below;
  for (let step = 0; step < 2000; step++) {
    if (random(2) === 0) {
      const share = pool.share();
      const slab = share.take(2 ** random(4));
      assert.ok(slab);
      assert.equal(slab.bytes.byteOffset % ALIGNMENT, 0);
      users.push({ share, slab });
    } else {
      const [user] = users.splice(random(users.length), 1);
      user?.share.give(user.slab);
    }
    if (step % 100 > 0) continue;
    for (const [i, { slab }] of users.entries()) slab.bytes.fill(i);
    for (const [i, { slab }] of users.entries())
      assert.equal(Buffer.compare(slab.bytes, Buffer.alloc(slab.bytes.length, i)), 0);
  }
});
