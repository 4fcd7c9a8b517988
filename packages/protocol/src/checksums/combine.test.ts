/** @module The CRC of joined pieces is the CRC of their joined bytes. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import fc from 'fast-check';

import { formatChecksum } from './algorithm.ts';
import type { CombinableAlgorithm } from './checksum-type.ts';
import { checksumOf, createChecksum, loadChecksums } from './checksum.ts';
import { combineChecksums } from './combine.ts';

const ALGORITHMS: readonly CombinableAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME'];

before(loadChecksums);

function part(algorithm: CombinableAlgorithm, bytes: Uint8Array): { value: string; length: number } {
  return { value: formatChecksum(checksumOf(algorithm, bytes)), length: bytes.length };
}

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: pieces of any number and length`, () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 }), (pieces) => {
        assert.equal(
          combineChecksums(
            algorithm,
            pieces.map((bytes) => part(algorithm, bytes)),
          ),
          formatChecksum(checksumOf(algorithm, Buffer.concat(pieces))),
        );
      }),
      { numRuns: 300 },
    );
  });

  test(`${algorithm}: lengths beyond 16 and 24 bits`, () => {
    const bytes = Buffer.alloc(17 * 1024 * 1024 + 5, 'some text');
    for (const cut of [0, 1, 255, 256, 70_000, bytes.length - 1, bytes.length]) {
      assert.equal(
        combineChecksums(algorithm, [
          part(algorithm, bytes.subarray(0, cut)),
          part(algorithm, bytes.subarray(cut)),
        ]),
        formatChecksum(checksumOf(algorithm, bytes)),
        String(cut),
      );
    }
  });

  test(`${algorithm}: a piece of 5 TiB counts with each of its bits`, () => {
    // However a run of zeros is cut, it is the same run: lengths that differ only above bit 32 would not agree.
    const zeros = (length: number): { value: string; length: number } => {
      let value = part(algorithm, Buffer.alloc(1)).value;
      let done = 1;
      for (const bit of length.toString(2).slice(1)) {
        value = combineChecksums(algorithm, [
          { value, length: done },
          { value, length: done },
        ]);
        done *= 2;
        if (bit === '0') continue;
        value = combineChecksums(algorithm, [{ value, length: done }, part(algorithm, Buffer.alloc(1))]);
        done += 1;
      }
      assert.equal(done, length);
      return { value, length };
    };
    const size = 5 * 1024 ** 4;
    const first = zeros(3 * 1024 ** 3 + 7);
    const last = zeros(size - first.length);
    const whole = zeros(size).value;
    assert.equal(combineChecksums(algorithm, [first, last]), whole);
    assert.equal(combineChecksums(algorithm, [last, first]), whole);
    assert.notEqual(zeros(size - 2 ** 32).value, whole);
  });

  test(`${algorithm}: 10,000 parts`, () => {
    const running = createChecksum(algorithm);
    const parts = Array.from({ length: 10_000 }, (_, index) => {
      const bytes = Buffer.from(`part ${index} `.repeat(1 + (index % 7)));
      running.update(bytes);
      return part(algorithm, bytes);
    });
    assert.equal(combineChecksums(algorithm, parts), formatChecksum(running.digest()));
  });

  test(`${algorithm}: no parts are no bytes, and what is no checksum is refused`, () => {
    assert.equal(combineChecksums(algorithm, []), part(algorithm, Buffer.alloc(0)).value);
    for (const value of ['', 'AAAA', 'AAAAAA==-1'])
      assert.throws(() => combineChecksums(algorithm, [{ value, length: 1 }]), { code: 'InvalidRequest' });
    for (const length of [-1, 0.5, 2 ** 53, Number.NaN]) {
      const { value } = part(algorithm, Buffer.alloc(1));
      assert.throws(() => combineChecksums(algorithm, [{ value, length }]), { code: 'InternalError' });
    }
  });
}

test('values of other implementations', () => {
  // Three parts of 5 MiB of A, B and C, as in Ceph's s3-tests.
  const length = 5 * 1024 * 1024;
  const parts = ['L/E4WYn8v98=', 'xW1l19VobYM=', 'cK5MnNaWrW4='].map((value) => ({ value, length }));
  assert.equal(combineChecksums('CRC64NVME', parts), 'i+6LR0y3eFo=');
});
