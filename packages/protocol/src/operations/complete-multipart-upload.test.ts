/** @module CompleteMultipartUpload: the list of parts, the checksums, the result. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeError, S3Error } from '../errors.ts';
import { RawHeaders } from '../raw-headers.ts';
import { parseXml } from '../xml/parse.ts';
import {
  checkCompletion,
  DOCUMENT_OPENING,
  encodeCompleteMultipartUpload,
  matchesWholeChecksum,
  parseCompleteMultipartUpload,
  restOfDocument,
} from './complete-multipart-upload.ts';
import type { CompleteMultipartUploadInput } from './complete-multipart-upload.ts';

const ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const CRC = '<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>';

function part(number: number | string, more = ''): string {
  return `<Part><PartNumber>${number}</PartNumber><ETag>"${ETAG}"</ETag>${more}</Part>`;
}

function parse(inner: string, headers: Record<string, string> = {}): CompleteMultipartUploadInput {
  return parseCompleteMultipartUpload(
    Buffer.from(`<CompleteMultipartUpload xmlns="urn:x">${inner}</CompleteMultipartUpload>`),
    RawHeaders.from(Object.entries(headers)),
  );
}

test('parts, with and without quotes, with and without checksums', () => {
  const input = parse(
    `\n ${part(1, CRC)} <Part><ETag> ${ETAG} </ETag><PartNumber> 3 </PartNumber></Part>` +
      `<Part><PartNumber>10000</PartNumber><ETag>&quot;${ETAG}&quot;</ETag></Part>\n`,
  );
  assert.deepEqual(input, {
    parts: [
      { number: 1, etag: ETAG, checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==' } },
      { number: 3, etag: ETAG, checksum: null },
      { number: 10_000, etag: ETAG, checksum: null },
    ],
    objectSize: undefined,
    checksumType: undefined,
    checksum: null,
    smallParts: false,
  });
});

test('what the whole must be', () => {
  const input = parse(part(1), {
    'x-amz-mp-object-size': '5497558138880',
    'x-amz-checksum-type': 'composite',
    'x-amz-checksum-sha256': 'bad',
  });
  assert.equal(input.objectSize, 5 * 1024 ** 4);
  assert.equal(input.checksumType, 'COMPOSITE');
  assert.equal(parse(part(1), { 'x-cistern-small-parts': 'true' }).smallParts, true);
  assert.deepEqual(input.checksum, { algorithm: 'SHA256', value: 'bad' });
  for (const size of ['', '-1', '1.5', 'x', '9'.repeat(16)])
    assert.throws(() => parse(part(1), { 'x-amz-mp-object-size': size }), { code: 'InvalidArgument' }, size);
  assert.throws(() => parse(part(1), { 'x-amz-checksum-type': 'x' }), { code: 'InvalidRequest' });
  const two = { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-crc32c': 'y/Q5Jg==' };
  assert.throws(() => parse(part(1), two), { code: 'InvalidRequest' });
});

test('10,000 parts with every field that they can have, and no more', () => {
  const full = Array.from({ length: 10_000 }, (_, index) =>
    part(index + 1, '<ChecksumSHA256>arcu6553sHVAiX4MjW0j7I7vD4w6R+Gz9Ok0Q9lTa+0=</ChecksumSHA256>'),
  ).join('\n    ');
  assert.equal(parse(full).parts.length, 10_000);
  assert.throws(() => parse(full + part(10_001)), { code: 'MalformedXML' });
});

test('a list that is not in order, or names a part twice', () => {
  for (const inner of [part(2) + part(1), part(1) + part(1), part(1) + part(3) + part(2)])
    assert.throws(() => parse(inner), { code: 'InvalidPartOrder', status: 400 }, inner);
});

test('lists that are none', () => {
  const body = (text: string) => parseCompleteMultipartUpload(Buffer.from(text), RawHeaders.from([]));
  assert.throws(() => body(''), { code: 'InvalidRequest', message: 'You must specify at least one part' });
  assert.throws(() => body(`<Other>${part(1)}</Other>`), { code: 'MalformedXML' });
  for (const inner of [
    '',
    '<Part/>',
    '<Other/>',
    part(1) + '<Other/>',
    part(''),
    part('x'),
    part('1.5'),
    '<Part><PartNumber>1</PartNumber></Part>',
    '<Part><PartNumber>1</PartNumber><ETag/></Part>',
    '<Part><PartNumber>1</PartNumber><ETag>""</ETag></Part>',
    `<Part><ETag>${ETAG}</ETag></Part>`,
    part(1, '<PartNumber>1</PartNumber>'),
    part(1, `<ETag>${ETAG}</ETag>`),
    part(1, '<Size>5</Size>'),
    part('<a>1</a>'),
  ]) {
    assert.throws(() => parse(inner), { code: 'MalformedXML' }, inner);
  }
  for (const number of [-1, 0, 10_001]) assert.throws(() => parse(part(number)), { code: 'InvalidArgument' });
  assert.throws(() => parse(part(1, '<ChecksumXXHASH4>x</ChecksumXXHASH4>')), { code: 'NotImplemented' });
  assert.throws(() => parse(part(1, '<ChecksumCRC32>x</ChecksumCRC32>')), { code: 'InvalidRequest' });
  assert.throws(() => parse(part(1, CRC + CRC)), { code: 'InvalidRequest' });
});

test('a composite checksum needs those of all parts, without gaps from 1 on', () => {
  const upload = { algorithm: 'CRC32', type: 'COMPOSITE' } as const;
  checkCompletion(parse(part(1, CRC) + part(2, CRC)), upload);
  for (const inner of [part(2, CRC), part(1, CRC) + part(3, CRC)])
    assert.throws(() => checkCompletion(parse(inner), upload), { code: 'InvalidPartOrder' }, inner);
  assert.throws(() => checkCompletion(parse(part(1, CRC) + part(2)), upload), {
    code: 'InvalidRequest',
    message: /created using a crc32 checksum.*missing for part 2/,
  });
});

test('a checksum of the joined bytes does not, and neither does none', () => {
  checkCompletion(parse(part(2, CRC) + part(5)), { algorithm: 'CRC32', type: 'FULL_OBJECT' });
  checkCompletion(parse(part(2, CRC) + part(5), { 'x-amz-checksum-sha1': 'x' }), null);
});

test('another algorithm or type than that of the upload', () => {
  const upload = { algorithm: 'CRC32C', type: 'FULL_OBJECT' } as const;
  const mismatch = {
    code: 'InvalidRequest',
    message: /expected checksum Type: crc32c, actual checksum Type: crc32$/,
  };
  assert.throws(() => checkCompletion(parse(part(1, CRC)), upload), mismatch);
  const whole = parse(part(1), { 'x-amz-checksum-crc32': 'y/Q5Jg==' });
  assert.throws(() => checkCompletion(whole, upload), mismatch);
  for (const [type, of] of [
    ['COMPOSITE', upload],
    ['FULL_OBJECT', null],
  ] as const) {
    const input = parse(part(1), { 'x-amz-checksum-type': type });
    assert.throws(() => checkCompletion(input, of), { code: 'BadDigest', status: 400 });
  }
  checkCompletion(parse(part(1), { 'x-amz-checksum-type': 'FULL_OBJECT' }), upload);
});

test('the expected checksum of the whole', () => {
  assert.ok(matchesWholeChecksum('y/Q5Jg==', 'y/Q5Jg=='));
  assert.ok(matchesWholeChecksum('y/Q5Jg==-2', 'y/Q5Jg==-2'));
  assert.ok(matchesWholeChecksum('y/Q5Jg==', 'y/Q5Jg==-2'));
  for (const [expected, actual] of [
    ['bad', 'y/Q5Jg=='],
    ['', 'y/Q5Jg==-2'],
    ['y/Q5Jg==-2', 'y/Q5Jg=='],
    ['y/Q5Jg==-3', 'y/Q5Jg==-2'],
    ['AAAAAA==', 'y/Q5Jg==-2'],
  ] as const) {
    assert.equal(matchesWholeChecksum(expected, actual), false, `${expected} ${actual}`);
  }
});

const RESULT = { location: 'http://h/b/%3Ck%3E?', bucket: 'b', key: '<k>', etag: `${ETAG}-2` };

test('the result', () => {
  const texts = (xml: string): string[][] =>
    parseXml(Buffer.from(xml)).children.map(({ name, text }) => [name, text]);
  const named = [
    ['Location', RESULT.location],
    ['Bucket', 'b'],
    ['Key', '<k>'],
    ['ETag', `"${ETAG}-2"`],
  ];
  assert.deepEqual(
    texts(encodeCompleteMultipartUpload({ ...RESULT, checksumAlgorithm: null, checksumValue: null })),
    named,
  );
  for (const [value, type] of [
    ['y/Q5Jg==-2', 'COMPOSITE'],
    ['y/Q5Jg==', 'FULL_OBJECT'],
  ] as const) {
    const result = { ...RESULT, checksumAlgorithm: 'CRC32', checksumValue: value } as const;
    assert.deepEqual(texts(encodeCompleteMultipartUpload(result)), [
      ...named,
      ['ChecksumCRC32', value],
      ['ChecksumType', type],
    ]);
  }
});

test('a body that has begun ends as a result or as an error', () => {
  const success = encodeCompleteMultipartUpload({ ...RESULT, checksumAlgorithm: null, checksumValue: null });
  const failure = encodeError({
    error: new S3Error('InternalError'),
    resource: '/b/k',
    requestId: 'r',
    hostId: 'h',
  });
  for (const [document, name] of [
    [success, 'CompleteMultipartUploadResult'],
    [failure, 'Error'],
  ] as const) {
    assert.equal(DOCUMENT_OPENING + restOfDocument(document), document);
    const body = Buffer.from(`${DOCUMENT_OPENING}   \n \n${restOfDocument(document)}`);
    assert.equal(parseXml(body).name, name);
  }
});
