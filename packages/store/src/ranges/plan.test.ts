/** Which ranges are fetched, and that every byte ends where it belongs. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ReadTarget } from '../object-store.ts';
import { guessPartSize, planRanges, RangeWriter } from './plan.ts';

const target = (start: number, size: number): ReadTarget => ({ start, into: new Uint8Array(size) });

function spans(targets: readonly ReadTarget[], options: Parameters<typeof planRanges>[1]): number[][] {
  return planRanges(targets, options).map(({ start, end }) => [start, end]);
}

suite('planning ranges', () => {
  test('a large target is fetched in ranges of the largest size', () => {
    assert.deepEqual(spans([target(5, 25)], { rangeBytesMax: 10, gap: 0 }), [
      [5, 15],
      [15, 25],
      [25, 30],
    ]);
  });

  test('cut at the parts of the object, where they are known', () => {
    assert.deepEqual(spans([target(5, 25)], { rangeBytesMax: 10, gap: 0, align: 4 }), [
      [5, 8],
      [8, 16],
      [16, 24],
      [24, 30],
    ]);
    assert.deepEqual(spans([target(5, 25)], { rangeBytesMax: 10, gap: 0, align: 40 }), [
      [5, 10],
      [10, 20],
      [20, 30],
    ]);
  });

  test('near targets are fetched together, far ones and empty ones are not', () => {
    const targets = [target(100, 10), target(0, 10), target(12, 8), target(50, 0)];
    assert.deepEqual(spans(targets, { rangeBytesMax: 1000, gap: 2 }), [
      [0, 20],
      [100, 110],
    ]);
    assert.deepEqual(spans(targets, { rangeBytesMax: 1000, gap: 1 }), [
      [0, 10],
      [12, 20],
      [100, 110],
    ]);
    assert.deepEqual(spans([target(7, 0)], { rangeBytesMax: 10, gap: 0 }), []);
  });

  test('a gap at the end of a range is not fetched', () => {
    assert.deepEqual(spans([target(0, 5), target(20, 5)], { rangeBytesMax: 10, gap: 100 }), [
      [0, 5],
      [20, 25],
    ]);
  });

  test('whatever the targets and the chunks, each target gets its bytes, and no byte is fetched twice', () => {
    const object = Uint8Array.from({ length: 400 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
    const someTargets = fc.array(fc.tuple(fc.nat(300), fc.nat(100)), { maxLength: 12 });
    fc.assert(
      fc.property(
        someTargets,
        fc.integer({ min: 1, max: 150 }),
        fc.nat(40),
        fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        fc.integer({ min: 1, max: 70 }),
        (some, rangeBytesMax, gap, align, chunkBytes) => {
          const targets = some.map(([start, size]) => target(start, size));
          let last = 0;
          for (const range of planRanges(targets, { rangeBytesMax, gap, align })) {
            assert.ok(range.start >= last && range.end > range.start, 'in order, without overlap');
            assert.ok(range.end - range.start <= rangeBytesMax, 'no larger than allowed');
            last = range.end;
            const writer = new RangeWriter(range);
            for (let at = range.start; at < range.end; at += chunkBytes) {
              assert.ok(writer.write(object.subarray(at, Math.min(range.end, at + chunkBytes))));
            }
            assert.equal(writer.missing, 0);
            assert.equal(writer.write(new Uint8Array(1)), false, 'more than the range is refused');
          }
          for (const { start, into } of targets) {
            assert.deepEqual(into, object.slice(start, start + into.byteLength));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the size of parts is guessed from their number', () => {
    const MIB = 1024 * 1024;
    assert.equal(guessPartSize(20 * MIB, 3), 8 * MIB);
    assert.equal(guessPartSize(17 * MIB, 3), 8 * MIB);
    assert.equal(guessPartSize(50 * MIB, 10), 5 * MIB);
    assert.equal(guessPartSize(10, 5), undefined);
    assert.equal(guessPartSize(10 * MIB, 1), undefined);
  });
});
