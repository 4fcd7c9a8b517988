/** @module What is stored beside the bytes: headers, metadata, tags, storage class. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { attributeHeaders, parseAttributes, parseStorageClass, parseTagging } from './attributes.ts';
import { RawHeaders } from './raw-headers.ts';
import { encodeQueryComponent } from './sigv4/uri-encode.ts';

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

test('tags are a query string', () => {
  assert.deepEqual(parseTagging(undefined), []);
  assert.deepEqual(parseTagging(''), []);
  assert.deepEqual(parseTagging('a=1&b=two+words&c=&d'), [
    ['a', '1'],
    ['b', 'two words'],
    ['c', ''],
    ['d', ''],
  ]);
  assert.deepEqual(parseTagging('k%3D=%2B%40%C3%BC'), [['k=', '+@ü']]);
  assert.deepEqual(
    parseTagging(Buffer.from('k=ü').toString('latin1')),
    [['k', 'ü']],
    'also when it was not encoded',
  );
});

test('tags beyond the limits are refused', () => {
  const eleven = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&');
  for (const header of [
    eleven,
    'a=1&a=2',
    '=v',
    '&',
    `${'k'.repeat(129)}=v`,
    `k=${'v'.repeat(257)}`,
    'a=%FF',
    'a=%z',
    'a=<',
    'aws:x=1',
    'AWS:x=1',
  ]) {
    assert.throws(() => parseTagging(header), { code: 'InvalidTag' }, header);
  }
  assert.equal(parseTagging(`${'k'.repeat(128)}=${'ü'.repeat(256)}`.replaceAll('ü', '%C3%BC')).length, 1);
});

test('good tags come back from their encoded form', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9 äß日_.:/=+@-]{1,20}$/u);
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(text, text), { maxLength: 10, selector: ([key]) => key }), (tags) => {
      const allowed = tags.filter(([key]) => !key.toLowerCase().startsWith('aws:'));
      const header = allowed
        .map(([key, value]) => `${encodeQueryComponent(key)}=${encodeQueryComponent(value)}`)
        .join('&');
      assert.deepEqual(parseTagging(header), allowed);
    }),
    { numRuns: 200 },
  );
});

test('storage classes', () => {
  assert.equal(parseStorageClass(undefined), 'STANDARD');
  assert.equal(parseStorageClass('STANDARD'), 'STANDARD');
  for (const other of ['GLACIER', 'STANDARD_IA', 'REDUCED_REDUNDANCY', 'EXPRESS_ONEZONE']) {
    assert.throws(() => parseStorageClass(other), { code: 'NotImplemented' });
  }
  for (const other of ['', 'standard', 'NONSENSE'])
    assert.throws(() => parseStorageClass(other), { code: 'InvalidStorageClass' });
});
