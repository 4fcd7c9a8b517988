/** What a disk has changed in a blob is found by who reads the blocks that it is in, and by nobody else. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';
import type { BlobReader } from '../blob-store.ts';
import { ALIGNMENT } from '../ingest/slab-pool.ts';
import { blocksOf, BlockSums, CHECK_BLOCK_BYTES, SUM_BYTES } from './block-checks.ts';
import { CheckedReader } from './checked-reader.ts';

const BLOCK = CHECK_BLOCK_BYTES;
const DAMAGED = { name: 'DamagedBlob' };

/** Over bytes that are stored, with the checks of those that were written, for who reads [start, end). */
function readerOf(stored: Buffer, written: Buffer, [start, end]: readonly [number, number]): CheckedReader {
  const sums = new BlockSums();
  sums.add(written);
  const { first, end: last } = blocksOf(start, end);
  const checks = { first, sums: sums.encode().subarray(first * SUM_BYTES, last * SUM_BYTES) };
  const reader: BlobReader = {
    outlivesBlob: true,
    alignment: ALIGNMENT,
    read: async (into, position) => {
      const some = stored.subarray(position, position + into.byteLength);
      into.set(some);
      return some.length;
    },
    close: async () => undefined,
  };
  return new CheckedReader(reader, { checks, logical: written.length, onDamage: () => undefined });
}

/** All bytes from the block of `start` to that of `end`. */
async function readBlocks(reader: CheckedReader, start: number, end: number): Promise<Buffer> {
  const { first, end: last } = blocksOf(start, end);
  const into = Buffer.alloc((last - first) * BLOCK);
  return into.subarray(0, await reader.read(into, first * BLOCK));
}

test('what was written is read, whole and by ranges', async () => {
  for (const size of [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77]) {
    const bytes = randomBytes(size);
    assert.ok((await readBlocks(readerOf(bytes, bytes, [0, size]), 0, size)).equals(bytes));
    const last = readerOf(bytes, bytes, [size - 1, size]);
    assert.equal((await readBlocks(last, size - 1, size)).at(-1), bytes.at(-1));
  }
});

test('a change anywhere is found by who reads its block, and is in the way of no other', async () => {
  const bytes = randomBytes(4 * BLOCK + 1000);
  const place = fc.nat({ max: bytes.length - 1 });
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), place, async (at, mask, other) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      const reading = readBlocks(readerOf(damaged, bytes, [other, other + 1]), other, other + 1);
      if (Math.floor(at / BLOCK) === Math.floor(other / BLOCK)) await assert.rejects(reading, DAMAGED);
      else await reading;
      await assert.rejects(readBlocks(readerOf(damaged, bytes, [0, bytes.length]), 0, bytes.length), DAMAGED);
    }),
    { numRuns: 60 },
  );
});

test('what is shorter, empty or another blob is found; what follows the last byte is not given out', async () => {
  const bytes = randomBytes(2 * BLOCK + 5);
  for (const stored of [
    bytes.subarray(0, -1),
    bytes.subarray(0, BLOCK),
    Buffer.alloc(0),
    randomBytes(bytes.length),
  ])
    await assert.rejects(readBlocks(readerOf(stored, bytes, [0, bytes.length]), 0, bytes.length), DAMAGED);
  const longer = Buffer.concat([bytes, Buffer.from('more')]);
  assert.ok((await readBlocks(readerOf(longer, bytes, [0, bytes.length]), 0, bytes.length)).equals(bytes));
});

test('checks that are too few are no checks', async () => {
  const bytes = randomBytes(2 * BLOCK);
  const reader = readerOf(bytes, bytes, [0, BLOCK]);
  await assert.rejects(readBlocks(reader, 0, 2 * BLOCK), DAMAGED);
});
