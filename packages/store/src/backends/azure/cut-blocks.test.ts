/** Streams are cut where they should be, and memory that is used again holds no old bytes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutBlocks } from './cut-blocks.ts';

test('blocks are the stream, each of its size, and the last is known to be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
      async (chunks, sizes) => {
        async function* coming(): AsyncGenerator<Uint8Array> {
          yield* chunks;
        }
        const sizeOf = (index: number): number => sizes[index % sizes.length] ?? 1;
        const whole = Buffer.concat(chunks);
        const found: Uint8Array[] = [];
        let left = whole.byteLength;
        for await (const { bytes, last, release } of cutBlocks(coming(), sizeOf)) {
          assert.equal(bytes.byteLength, Math.min(left, sizeOf(found.length)));
          left -= bytes.byteLength;
          assert.equal(last, left === 0);
          found.push(bytes.slice());
          release();
        }
        assert.deepEqual(Buffer.concat(found), whole);
      },
    ),
  );
});
