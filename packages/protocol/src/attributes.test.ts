/** @module What is stored beside the bytes: headers and metadata. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { attributeHeaders, parseAttributes } from './attributes.ts';
import { RawHeaders } from './raw-headers.ts';

function parse(headers: Record<string, string>): ReturnType<typeof parseAttributes> {
  return parseAttributes(RawHeaders.from(Object.entries(headers)));
}

test('headers come back as they were given, through JSON', () => {
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'max-age=60',
    'Content-Disposition': 'attachment; filename="a b"',
    'Content-Encoding': 'gzip',
    'Content-Language': 'de',
    Expires: 'whenever',
    'x-amz-meta-a': '=?UTF-8?B?w7w=?=',
    'x-amz-meta-__proto__': 'kept',
    'x-amz-meta-empty': '',
    'x-amz-meta-bytes': '\u00c3\u00bc\u00ff',
  };
  const stored = JSON.parse(JSON.stringify(parse(headers))) as ReturnType<typeof parse>;
  assert.deepEqual(attributeHeaders(stored), Object.entries(headers).flat());
});

test('the default content type, and nothing else that was not said', () => {
  assert.deepEqual(attributeHeaders(parse({})), ['Content-Type', 'binary/octet-stream']);
  assert.deepEqual(attributeHeaders(parse({ 'content-type': '', expires: '' })), [
    'Content-Type',
    'binary/octet-stream',
  ]);
});

test('aws-chunked is no encoding of the object', () => {
  const encoding = (value: string): string | undefined =>
    parse({ 'content-encoding': value }).contentEncoding;
  assert.equal(encoding('aws-chunked'), undefined);
  assert.equal(encoding('AWS-Chunked, gzip'), 'gzip');
  assert.equal(encoding('gzip,aws-chunked'), 'gzip');
  assert.equal(encoding('gzip, br'), 'gzip, br');
});

test('metadata: names in lower case, duplicates joined, 2,048 bytes of names and values', () => {
  const { metadata } = parseAttributes(
    new RawHeaders(['X-Amz-Meta-A', '1', 'x-amz-meta-a', '2', 'x-amz-metadata-directive', 'COPY']),
  );
  assert.deepEqual(metadata, { a: '1,2' });
  assert.equal(parse({ 'x-amz-meta-ab': 'v'.repeat(2046) }).metadata['ab']?.length, 2046);
  assert.throws(() => parse({ 'x-amz-meta-ab': 'v'.repeat(2047) }), { code: 'MetadataTooLarge' });
  assert.throws(() => parse({ 'x-amz-meta-a': 'v'.repeat(1024), 'x-amz-meta-b': 'v'.repeat(1024) }), {
    code: 'MetadataTooLarge',
  });
});
