/** @module CreateMultipartUpload: the checksum that is asked for, and the answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { optionalText, parseXml } from '../xml/parse.ts';
import {
  encodeInitiateMultipartUpload,
  parseUploadChecksum,
  uploadChecksumHeaders,
} from './create-multipart-upload.ts';

const parse = (algorithm?: string, type?: string) =>
  parseUploadChecksum(
    RawHeaders.from([
      ...(algorithm === undefined ? [] : [['x-amz-checksum-algorithm', algorithm] as [string, string]]),
      ...(type === undefined ? [] : [['x-amz-checksum-type', type] as [string, string]]),
    ]),
  );

test('an algorithm brings its type, or is given one', () => {
  assert.equal(parse(), null);
  assert.deepEqual(parse('crc32'), { algorithm: 'CRC32', type: 'COMPOSITE' });
  assert.deepEqual(parse('CRC32C', 'FULL_OBJECT'), { algorithm: 'CRC32C', type: 'FULL_OBJECT' });
  assert.deepEqual(parse('CRC64NVME'), { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' });
  assert.deepEqual(parse('SHA256', 'COMPOSITE'), { algorithm: 'SHA256', type: 'COMPOSITE' });
});

test('what S3 does not pair, or does not know', () => {
  for (const [algorithm, type] of [
    ['CRC64NVME', 'COMPOSITE'],
    ['SHA1', 'FULL_OBJECT'],
    ['SHA256', 'FULL_OBJECT'],
    ['CRC32', 'PARTIAL'],
    ['CRC32', ''],
    ['MD4', undefined],
    ['', undefined],
    [undefined, 'FULL_OBJECT'],
  ] as const) {
    assert.throws(
      () => parse(algorithm, type),
      { code: 'InvalidRequest', status: 400 },
      `${algorithm} ${type}`,
    );
  }
});

test('the answer', () => {
  assert.deepEqual(uploadChecksumHeaders(null), []);
  assert.deepEqual(uploadChecksumHeaders(parse('SHA1')), [
    'x-amz-checksum-algorithm',
    'SHA1',
    'x-amz-checksum-type',
    'COMPOSITE',
  ]);
  const root = parseXml(
    Buffer.from(encodeInitiateMultipartUpload({ bucket: 'b', key: '<k>&', uploadId: '0a' })),
  );
  assert.equal(root.name, 'InitiateMultipartUploadResult');
  assert.deepEqual(
    ['Bucket', 'Key', 'UploadId'].map((name) => optionalText(root, name)),
    ['b', '<k>&', '0a'],
  );
});
