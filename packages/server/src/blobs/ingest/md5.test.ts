/** MD5 of bodies, on this thread and on the hashing thread. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';

import { Md5Hasher } from './md5.ts';
import { SLAB_BYTES, SlabPool } from './slab-pool.ts';

const hasher = new Md5Hasher();
after(() => hasher.close());
const share = new SlabPool({ extra: 8, perUser: 8 }).share();
const LARGE = 2 << 20;

for (const size of [1000, LARGE]) {
  test(`a body of ${size} bytes gets its digest`, async () => {
    const md5 = hasher.start(size);
    const expected = createHash('md5');
    for (let i = 0; i < 3; i++) {
      const slab = share.take() ?? assert.fail();
      slab.bytes.set(randomBytes(SLAB_BYTES));
      expected.update(slab.bytes);
      await new Promise<void>((resolve) => md5.update(slab, SLAB_BYTES, resolve));
      share.give(slab);
    }
    assert.deepEqual(await md5.digest(), expected.digest());
    assert.equal(hasher.streams, 0);
  });
}

test('nothing is kept of a body that was given up, and its slabs come back', async () => {
  const slab = share.take() ?? assert.fail();
  let given = 0;
  for (let i = 0; i < 100; i++) {
    const md5 = hasher.start(LARGE);
    md5.update(slab, SLAB_BYTES, () => given++);
    md5.drop();
  }
  // The thread answers in order: when it has come to this one it is through with the others.
  await hasher.start(LARGE).digest();
  assert.equal(given, 100);
  assert.equal(hasher.streams, 0);
});
