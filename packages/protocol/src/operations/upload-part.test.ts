/** @module UploadPart and UploadPartCopy: numbers, checksums, ranges. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatUploadId, formatVersionId } from '../ids.ts';
import { RawHeaders } from '../raw-headers.ts';
import { parsePayloadMode } from '../sigv4/payload-mode.ts';
import { Query } from '../target.ts';
import { parseXml } from '../xml/parse.ts';
import {
  encodeCopyPartResult,
  parsePartNumber,
  parseUploadPart,
  parseUploadPartCopy,
  partChecksumAlgorithm,
  resolveCopyRange,
} from './upload-part.ts';

const GIB = 1024 ** 3;
const QUERY = new Query([
  ['partNumber', '7'],
  ['uploadId', formatUploadId(10)],
]);

test('part numbers', () => {
  for (const [value, number] of [
    ['1', 1],
    ['10000', 10_000],
    ['00002', 2],
  ] as const) {
    assert.equal(parsePartNumber(value), number);
  }
  for (const value of ['', '0', '-1', '10001', '1.0', '1e3', ' 1', '+1', 'x', '99999999999']) {
    assert.throws(
      () => parsePartNumber(value),
      {
        code: 'InvalidArgument',
        message: 'Part number must be an integer between 1 and 10000, inclusive',
        details: { ArgumentName: 'partNumber', ArgumentValue: value },
      },
      value,
    );
  }
});

test('UploadPart: a body, its number and its upload', () => {
  const headers = RawHeaders.from([
    ['content-length', '9'],
    ['x-amz-checksum-crc32', 'y/Q5Jg=='],
  ]);
  const input = parseUploadPart(QUERY, headers, parsePayloadMode('UNSIGNED-PAYLOAD'));
  assert.deepEqual([input.partNumber, input.uploadId, input.length], [7, 10, 9]);
  assert.equal(input.checksum?.algorithm, 'CRC32');
  const unsigned = parsePayloadMode('UNSIGNED-PAYLOAD');
  assert.throws(() => parseUploadPart(new Query([['uploadId', formatUploadId(10)]]), headers, unsigned), {
    code: 'InvalidArgument',
  });
  for (const id of ['', 'x', formatVersionId(10)]) {
    const query = new Query([
      ['partNumber', '7'],
      ['uploadId', id],
    ]);
    assert.throws(() => parseUploadPart(query, headers, unsigned), { code: 'NoSuchUpload', status: 404 });
  }
});

test("a part's checksum is the upload's", () => {
  const upload = { algorithm: 'SHA256', type: 'COMPOSITE' } as const;
  assert.equal(partChecksumAlgorithm(null, undefined), undefined);
  assert.equal(partChecksumAlgorithm(null, 'CRC32'), 'CRC32');
  assert.equal(partChecksumAlgorithm(upload, undefined), 'SHA256');
  assert.equal(partChecksumAlgorithm(upload, 'SHA256'), 'SHA256');
  assert.throws(() => partChecksumAlgorithm(upload, 'CRC32'), {
    code: 'InvalidRequest',
    message: /expected checksum Type: sha256, actual checksum Type: crc32/,
  });
});

function copy(range?: string): ReturnType<typeof parseUploadPartCopy> {
  const headers: [string, string][] = [['x-amz-copy-source', 'b/k']];
  if (range !== undefined) headers.push(['x-amz-copy-source-range', range]);
  return parseUploadPartCopy(QUERY, RawHeaders.from(headers));
}

test('UploadPartCopy: the whole source, or bytes of it', () => {
  const whole = copy();
  assert.deepEqual(
    [whole.partNumber, whole.uploadId, whole.copy.sourceKey, whole.range],
    [7, 10, 'k', undefined],
  );
  assert.deepEqual(resolveCopyRange(whole.range, 10), { start: 0, end: 10 });
  assert.deepEqual(resolveCopyRange(whole.range, 0), { start: 0, end: 0 });
  assert.deepEqual(resolveCopyRange(copy('bytes=0-0').range, 10), { start: 0, end: 1 });
  assert.deepEqual(resolveCopyRange(copy('bytes=2-9').range, 10), { start: 2, end: 10 });
  const far = copy('bytes=5497558138000-5497558138879').range;
  assert.deepEqual(resolveCopyRange(far, 5 * 1024 * GIB), { start: 5497558138000, end: 5497558138880 });
});

test('UploadPartCopy: ranges that are none', () => {
  for (const range of [
    '',
    '0-2',
    'bytes=0',
    'bytes=hello-world',
    'bytes=0-bar',
    'bytes=hello-',
    'bytes=0-',
    'bytes=-5',
    'bytes=0-2,3-5',
    'bytes=3-2',
    'bytes= 0-2',
    'xbytes=0-2',
    'bytes=0-9999999999999999',
  ]) {
    assert.throws(() => copy(range), { code: 'InvalidArgument', status: 400 }, range);
  }
});

test('UploadPartCopy: beyond the end, or more than a part may have', () => {
  for (const [range, size, code] of [
    ['bytes=0-10', 10, 'InvalidArgument'],
    ['bytes=10-11', 10, 'InvalidRequest'],
    ['bytes=0-0', 0, 'InvalidRequest'],
  ] as const) {
    assert.throws(() => resolveCopyRange(copy(range).range, size), { code, status: 400 }, range);
  }
  assert.equal(resolveCopyRange(undefined, 5 * GIB).end, 5 * GIB);
  assert.throws(() => resolveCopyRange(undefined, 5 * GIB + 1), { code: 'InvalidRequest' });
  const range = copy(`bytes=1-${5 * GIB + 1}`).range;
  assert.throws(() => resolveCopyRange(range, 6 * GIB), { code: 'InvalidRequest' });
});

test('UploadPartCopy: the result', () => {
  const part = { etag: 'e', modifiedMs: 1_700_000_000_123 };
  const texts = (xml: string): string[][] =>
    parseXml(Buffer.from(xml)).children.map(({ name, text }) => [name, text]);
  const named = [
    ['LastModified', '2023-11-14T22:13:20.123Z'],
    ['ETag', '"e"'],
  ];
  assert.deepEqual(
    texts(encodeCopyPartResult({ ...part, checksumAlgorithm: null, checksumValue: null })),
    named,
  );
  assert.deepEqual(
    texts(encodeCopyPartResult({ ...part, checksumAlgorithm: 'CRC32', checksumValue: 'AAAAAA==' })),
    [...named, ['ChecksumCRC32', 'AAAAAA==']],
  );
});
