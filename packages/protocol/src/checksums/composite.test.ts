/** @module Digests of digests, and which type a checksum may have. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHECKSUM_ALGORITHMS } from './algorithm.ts';
import { checksumTypeOf, checksumTypeOfValue, isCombinable, parseChecksumType } from './checksum-type.ts';
import { compositeChecksum, multipartETag } from './composite.ts';

// Three parts of 5 MiB of A, B and C, as in Ceph's s3-tests.
test('a composite checksum is that of the digests, and says how many', () => {
  assert.equal(
    compositeChecksum('SHA256', [
      '275VF5loJr1YYawit0XSHREhkFXYkkPKGuoK0x9VKxI=',
      'mrHwOfjTL5Zwfj74F05HOQGLdUb7E5szdCbxgUSq6NM=',
      'Vw7oB/nKQ5xWb3hNgbyfkvDiivl+U+/Dft48nfJfDow=',
    ]),
    'uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=-3',
  );
  assert.equal(
    compositeChecksum('SHA256', ['arcu6553sHVAiX4MjW0j7I7vD4w6R+Gz9Ok0Q9lTa+0=']),
    'Ok6Cs5b96ux6+MWQkJO7UBT5sKPBeXBLwvj/hK89smg=-1',
  );
  // crc32 of the four bytes of crc32("123456789"), cb f4 39 26.
  assert.equal(compositeChecksum('CRC32', ['y/Q5Jg==']), '7kxlUA==-1');
});

test('an ETag of parts', () => {
  // md5 of the 16 bytes of md5(""), and of them twice.
  const empty = 'd41d8cd98f00b204e9800998ecf8427e';
  assert.equal(multipartETag([empty]), '59adb24ef3cdbe0297f05b395827453f-1');
  assert.match(multipartETag(Array.from({ length: 10_000 }, () => empty)), /^[0-9a-f]{32}-10000$/);
  assert.notEqual(multipartETag([empty, empty]).slice(0, 32), multipartETag([empty]).slice(0, 32));
});

test('the pairs that S3 has', () => {
  const pairs = CHECKSUM_ALGORITHMS.map((algorithm) => [
    checksumTypeOf(algorithm),
    ...(['COMPOSITE', 'FULL_OBJECT'] as const).filter((type) => {
      try {
        return checksumTypeOf(algorithm, type) === type;
      } catch {
        return false;
      }
    }),
  ]);
  assert.deepEqual(pairs, [
    ['COMPOSITE', 'COMPOSITE', 'FULL_OBJECT'],
    ['COMPOSITE', 'COMPOSITE', 'FULL_OBJECT'],
    ['FULL_OBJECT', 'FULL_OBJECT'],
    ...Array.from({ length: 7 }, () => ['COMPOSITE', 'COMPOSITE']),
  ]);
  assert.throws(() => checksumTypeOf('SHA1', 'FULL_OBJECT'), { code: 'InvalidRequest', message: /sha1/ });
  assert.deepEqual(CHECKSUM_ALGORITHMS.filter(isCombinable), ['CRC32', 'CRC32C', 'CRC64NVME']);
});

test('the name of a type, and the type of a value', () => {
  assert.equal(parseChecksumType('composite'), 'COMPOSITE');
  assert.equal(parseChecksumType('FULL_OBJECT'), 'FULL_OBJECT');
  for (const value of ['', 'FULL', 'FULL-OBJECT'])
    assert.throws(() => parseChecksumType(value), { code: 'InvalidRequest' });
  assert.equal(checksumTypeOfValue('7kxlUA==-1'), 'COMPOSITE');
  assert.equal(checksumTypeOfValue('y/Q5Jg=='), 'FULL_OBJECT');
});
