/** @module What a request says about the body it uploads. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { parsePayloadMode, STREAMING_SIGNED, STREAMING_UNSIGNED_TRAILER } from '../sigv4/payload-mode.ts';
import { parseUpload, UPLOAD_BYTES_MAX } from './upload.ts';

const PLAIN = parsePayloadMode('UNSIGNED-PAYLOAD');
const TRAILER = parsePayloadMode(STREAMING_UNSIGNED_TRAILER);

function parse(headers: Record<string, string>, payload = PLAIN): ReturnType<typeof parseUpload> {
  return parseUpload(RawHeaders.from(Object.entries({ 'content-length': '9', ...headers })), payload);
}

test('the length is that of the payload, not that of its framing', () => {
  assert.equal(parse({}).length, 9);
  assert.equal(parse({ 'x-amz-decoded-content-length': '7' }).length, 9, 'a plain body is not decoded');
  assert.equal(parse({ 'x-amz-decoded-content-length': '7' }, TRAILER).length, 7);
  assert.equal(parse({ 'x-amz-decoded-content-length': '0' }, parsePayloadMode(STREAMING_SIGNED)).length, 0);
});

test('a length that is missing, malformed or too large', () => {
  const none = (payload = PLAIN) => parseUpload(RawHeaders.from([]), payload);
  assert.throws(() => none(), { code: 'MissingContentLength', status: 411 });
  assert.throws(() => none(TRAILER), { code: 'MissingContentLength' });
  assert.throws(() => parse({ 'transfer-encoding': 'chunked' }), {
    code: 'NotImplemented',
    details: { Header: 'Transfer-Encoding' },
  });
  for (const value of ['', '-1', '1.5', 'x', '0x10', '99999999999999999']) {
    assert.throws(() => parse({ 'content-length': value }), { code: 'InvalidArgument' }, value);
    assert.throws(
      () => parse({ 'x-amz-decoded-content-length': value }, TRAILER),
      { code: 'InvalidArgument' },
      value,
    );
  }
  assert.equal(parse({ 'content-length': String(UPLOAD_BYTES_MAX) }).length, UPLOAD_BYTES_MAX);
  assert.throws(() => parse({ 'content-length': String(UPLOAD_BYTES_MAX + 1) }), { code: 'EntityTooLarge' });
  assert.throws(() => parse({ 'x-amz-decoded-content-length': String(UPLOAD_BYTES_MAX + 1) }, TRAILER), {
    code: 'EntityTooLarge',
  });
});

test('Content-MD5 is the Base64 of 16 bytes', () => {
  assert.equal(parse({}).contentMd5, null);
  assert.equal(
    parse({ 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }).contentMd5?.toString('hex'),
    'd41d8cd98f00b204e9800998ecf8427e',
  );
  for (const value of [
    '',
    'AAAA',
    '1B2M2Y8AsgTpgAmY7PhCfg',
    '1B2M2Y8AsgTpgAmY7PhCfh==',
    'd41d8cd98f00b204e9800998ecf8427e',
    '!'.repeat(24),
  ]) {
    assert.throws(() => parse({ 'content-md5': value }), { code: 'InvalidDigest' }, value);
  }
});

const CRC32 = { 'x-amz-checksum-crc32': 'y/Q5Jg==' };

test('a checksum in a header', () => {
  assert.equal(parse({}).checksum, null);
  const { checksum } = parse({ ...CRC32, 'x-amz-sdk-checksum-algorithm': 'crc32' });
  assert.deepEqual([checksum?.algorithm, checksum?.expected?.toString('hex')], ['CRC32', 'cbf43926']);
  assert.throws(() => parse({ 'x-amz-checksum-crc32': 'AAA=' }), { code: 'InvalidRequest' });
});

test('a checksum in the trailer is announced', () => {
  const announced = parse(
    { 'x-amz-decoded-content-length': '1', 'x-amz-trailer': ' X-Amz-Checksum-SHA256 ' },
    TRAILER,
  );
  assert.deepEqual(announced.checksum, { algorithm: 'SHA256', expected: null });
  assert.throws(
    () => parse({ 'x-amz-trailer': 'x-amz-checksum-crc32' }),
    { code: 'InvalidRequest' },
    'a plain body has no trailer',
  );
  for (const trailer of ['', 'x-amz-meta-late', 'x-amz-checksum-crc99']) {
    assert.throws(() => parse({ 'x-amz-decoded-content-length': '1', 'x-amz-trailer': trailer }, TRAILER), {
      code: 'InvalidRequest',
    });
  }
});

test('several checksums, or one that is not what was named, are refused', () => {
  const trailer = { 'x-amz-decoded-content-length': '1', 'x-amz-trailer': 'x-amz-checksum-crc32' };
  assert.throws(() => parse({ ...CRC32, 'x-amz-checksum-crc32c': 'AAAAAA==' }), { code: 'InvalidRequest' });
  assert.throws(() => parse({ ...CRC32, ...trailer }, TRAILER), { code: 'InvalidRequest' });
  for (const named of ['SHA256', 'MD9', '']) {
    assert.throws(() => parse({ ...CRC32, 'x-amz-sdk-checksum-algorithm': named }), {
      code: 'InvalidRequest',
    });
  }
  assert.throws(() => parse({ 'x-amz-sdk-checksum-algorithm': 'CRC32' }), { code: 'InvalidRequest' });
  assert.equal(parse({ 'x-amz-checksum-algorithm': 'CRC32' }).checksum, null, 'as MinIO clients say it');
  assert.throws(() => parse({ 'x-amz-checksum-algorithm': 'MD9' }), { code: 'InvalidRequest' });
});
