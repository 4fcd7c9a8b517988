/**
 * @module Tests of the checksums against published check values.
 */

import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { S3Error } from '../errors.ts';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumAlgorithmOfHeader,
  checksumBytes,
  checksumHeader,
  formatChecksum,
  parseChecksum,
  parseChecksumAlgorithm,
} from './algorithm.ts';
import { checksumOf, createChecksum, loadChecksums } from './checksum.ts';

await loadChecksums();

/** Digests of the nine bytes `123456789`, the customary check value, and of nothing. */
const known: Readonly<Record<ChecksumAlgorithm, readonly [string, string]>> = {
  CRC32: ['cbf43926', '00000000'],
  CRC32C: ['e3069283', '00000000'],
  CRC64NVME: ['ae8b14860a799888', '0000000000000000'],
  MD5: ['25f9e794323b453885f5181f1b624d0b', 'd41d8cd98f00b204e9800998ecf8427e'],
  SHA1: ['f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  SHA256: [
    '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ],
  SHA512: [
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
  ],
  XXHASH64: ['8cb841db40e6ae83', 'ef46db3751d8e999'],
  XXHASH3: ['72dcb18b67a17dff', '2d06800538d394c2'],
  XXHASH128: ['33119477ede5dcd5e9716427681d5860', '99aa06d3014798d86001c324468d497f'],
};

for (const algorithm of CHECKSUM_ALGORITHMS) {
  test(`${algorithm} has its published check value`, () => {
    assert.equal(checksumOf(algorithm, Buffer.from('123456789')).toString('hex'), known[algorithm][0]);
    assert.equal(checksumOf(algorithm, Buffer.alloc(0)).toString('hex'), known[algorithm][1]);
    assert.equal(createChecksum(algorithm).digest().toString('hex'), known[algorithm][1]);
    assert.equal(checksumOf(algorithm, Buffer.alloc(0)).length, checksumBytes(algorithm));
  });

  test(`${algorithm} reads shared memory`, () => {
    const shared = new Uint8Array(new SharedArrayBuffer(100_000)).subarray(3);
    shared.fill(7);
    const checksum = createChecksum(algorithm);
    checksum.update(shared);
    assert.deepEqual(checksum.digest(), checksumOf(algorithm, Buffer.alloc(100_000 - 3, 7)));
    assert.deepEqual(checksumOf(algorithm, shared), checksumOf(algorithm, Buffer.alloc(100_000 - 3, 7)));
  });

  test(`${algorithm} header, name and value round trip`, () => {
    assert.equal(checksumAlgorithmOfHeader(checksumHeader(algorithm)), algorithm);
    assert.equal(checksumHeader(algorithm), `x-amz-checksum-${algorithm.toLowerCase()}`);
    assert.equal(parseChecksumAlgorithm(algorithm), algorithm);
    assert.equal(parseChecksumAlgorithm(algorithm.toLowerCase()), algorithm);
    const digest = checksumOf(algorithm, Buffer.from('x'));
    assert.deepEqual(parseChecksum(algorithm, formatChecksum(digest)), digest);
  });

  test(`${algorithm} values that are no digest are refused`, () => {
    const base64 = formatChecksum(checksumOf(algorithm, Buffer.from('x')));
    const longer = Buffer.alloc(checksumBytes(algorithm) + 1).toString('base64');
    for (const value of [
      '',
      '?',
      ` ${base64}`,
      `${base64}=`,
      base64.slice(0, -1),
      `${base64},${base64}`,
      longer,
    ]) {
      assert.throws(
        () => parseChecksum(algorithm, value),
        (error) => error instanceof S3Error && error.code === 'InvalidRequest',
        value,
      );
    }
  });
}

test('names that S3 does not know are no algorithm', () => {
  assert.throws(() => parseChecksumAlgorithm('MD4'), { code: 'InvalidRequest' });
  assert.equal(checksumAlgorithmOfHeader('x-amz-checksum-mode'), undefined);
});

test('however the bytes are split, and with others running beside it, a checksum is the same', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...CHECKSUM_ALGORITHMS), parts, parts, (algorithm, mine, others) => {
      const checksum = createChecksum(algorithm);
      const other = createChecksum(algorithm);
      for (let i = 0; i < Math.max(mine.length, others.length); i++) {
        checksum.update(mine[i] ?? new Uint8Array(0));
        other.update(others[i] ?? new Uint8Array(0));
      }
      assert.deepEqual(checksum.digest(), checksumOf(algorithm, Buffer.concat(mine)));
      assert.deepEqual(other.digest(), checksumOf(algorithm, Buffer.concat(others)));
    }),
  );
});
