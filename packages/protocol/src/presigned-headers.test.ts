/** @module Headers that stand in the query of a presigned URL, as SDKs write them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHECKSUM_ALGORITHMS, checksumHeader } from './checksums/algorithm.ts';
import { checksumOf, loadChecksums } from './checksums/checksum.ts';
import { withPresignedHeaders } from './presigned-headers.ts';
import { RawHeaders } from './raw-headers.ts';
import { Query } from './target.ts';

const SIGNATURE = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
  'X-Amz-Credential': 'a',
  'X-Amz-Date': 'b',
  'X-Amz-Expires': '900',
  'X-Amz-SignedHeaders': 'host',
  'X-Amz-Signature': 'c',
};

function merged(query: Record<string, string>, headers: Record<string, string> = {}): RawHeaders {
  return withPresignedHeaders(
    RawHeaders.from(Object.entries(headers)),
    new Query(Object.entries({ ...SIGNATURE, ...query })),
  );
}

test('parameters become headers under their lower-case names', () => {
  const headers = merged(
    { 'x-amz-checksum-mode': 'ENABLED', 'X-Amz-Meta-Colour': 'blue', prefix: 'a', 'x-id': 'PutObject' },
    { host: 'h' },
  );
  assert.deepEqual(
    [...headers.entries()],
    [
      ['host', 'h'],
      ['x-amz-checksum-mode', 'ENABLED'],
      ['x-amz-meta-colour', 'blue'],
    ],
  );
});

test('a URL without any leaves the headers as they are', () => {
  const headers = RawHeaders.from([['host', 'h']]);
  assert.equal(withPresignedHeaders(headers, new Query(Object.entries(SIGNATURE))), headers);
});

test('values are bytes, as in headers', () => {
  assert.equal(merged({ 'x-amz-meta-a': 'ü' }).get('x-amz-meta-a'), Buffer.from('ü').toString('latin1'));
});

test('only spaces and tabs around a value are dropped, not bytes of its characters', () => {
  // The last byte of à is 0xA0.
  assert.equal(merged({ 'x-amz-meta-a': '\t à ' }).get('x-amz-meta-a'), Buffer.from('à').toString('latin1'));
});

test('the checksum of no body, which SDKs sign for want of one, says nothing', async () => {
  await loadChecksums();
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const name = checksumHeader(algorithm);
    const value = checksumOf(algorithm, Buffer.alloc(0)).toString('base64');
    const headers = merged({ [name]: value, 'x-amz-sdk-checksum-algorithm': algorithm });
    assert.deepEqual([...headers.names()], [], algorithm);
  }
});

test('any other checksum is one', () => {
  assert.equal(merged({ 'X-Amz-Checksum-Crc32': 'y/Q5Jg==' }).get('x-amz-checksum-crc32'), 'y/Q5Jg==');
});

test('what cannot be a header is refused', () => {
  for (const [name, value] of [
    ['x-amz-meta-a', 'a\r\nx-injected: 1'],
    ['x-amz-meta-a', '\u0000'],
    ['x-amz-meta-a b', '1'],
    ['x-amz-meta-a:b', '1'],
    ['x-amz-meta-ü', '1'],
    ['x-amz-', '1'],
  ] as const) {
    assert.throws(() => merged({ [name]: value }), { code: 'InvalidArgument' }, name);
  }
});

test('a parameter of the signature in another case, which the signature has not heeded, is refused', () => {
  for (const [name, value] of [
    ['x-amz-content-sha256', 'a'.repeat(64)],
    ['X-AMZ-Expires', '60'],
    ['x-amz-date', 'b'],
  ] as const) {
    assert.throws(() => merged({ [name]: value }), { code: 'InvalidArgument' }, name);
  }
  assert.deepEqual([...merged({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }).names()], []);
});

test('header and query may say the same, but not two things', () => {
  assert.equal(merged({ 'x-amz-meta-a': '1' }, { 'x-amz-meta-a': '1' }).get('x-amz-meta-a'), '1');
  assert.throws(() => merged({ 'x-amz-meta-a': '1' }, { 'x-amz-meta-a': '2' }), { code: 'InvalidArgument' });
  assert.throws(() => merged({ 'x-amz-meta-a': '1', 'X-Amz-Meta-A': '2' }), { code: 'InvalidArgument' });
});
