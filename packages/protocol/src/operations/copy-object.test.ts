/** @module CopyObject: source, directives, result. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { formatVersionId } from '../ids.ts';
import { RawHeaders } from '../raw-headers.ts';
import { encodeKey, encodeQueryComponent } from '../sigv4/uri-encode.ts';
import { parseXml } from '../xml/parse.ts';
import { encodeCopyResult, parseCopy } from './copy-object.ts';

function parse(source: string, more: Record<string, string> = {}): ReturnType<typeof parseCopy> {
  return parseCopy(RawHeaders.from(Object.entries({ 'x-amz-copy-source': source, ...more })));
}

test('the source: with or without a leading slash, encoded in part, whole, or not at all', () => {
  const keys = hostileText({ minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(keys, fc.constantFrom('', '/'), (key, slash) => {
      for (const source of [`${slash}b/${encodeKey(key)}`, encodeQueryComponent(`${slash}b/${key}`)]) {
        const { sourceBucket, sourceKey } = parse(source);
        assert.deepEqual([sourceBucket, sourceKey], ['b', key]);
      }
    }),
  );
  assert.equal(parse(Buffer.from('b/ü').toString('latin1')).sourceKey, 'ü');
  assert.equal(parse('b/a+b').sourceKey, 'a+b');
  assert.equal(parse('b/a//../b/').sourceKey, 'a//../b/');
});

test('the version of the source', () => {
  assert.equal(parse('/b/k').sourceVersion, undefined);
  for (const [id, version] of [
    ['null', 'null'],
    [formatVersionId(7), 7],
  ] as const) {
    const { sourceKey, sourceVersion } = parse(`/b/k?versionId=${id}`);
    assert.deepEqual([sourceKey, sourceVersion], ['k', version]);
  }
  assert.equal(parse('/b/k%3FversionId=x').sourceKey, 'k?versionId=x');
  for (const id of ['', 'x']) assert.throws(() => parse(`/b/k?versionId=${id}`), { code: 'InvalidArgument' });
});

test('sources that name no object', () => {
  for (const source of ['', '/', 'b', '/b', 'b/', '/b/', '//k', 'b/%FF', 'b/%zz', 'b/%']) {
    assert.throws(() => parse(source), { code: 'InvalidArgument' }, source);
  }
  assert.throws(() => parse(`b/${'x'.repeat(1025)}`), { code: 'KeyTooLongError' });
});

test('directives', () => {
  const plain = parse('b/k');
  assert.deepEqual([plain.replaceMetadata, plain.replaceTags], [false, false]);
  const replaced = parse('b/k', {
    'x-amz-metadata-directive': 'REPLACE',
    'x-amz-tagging-directive': 'REPLACE',
  });
  assert.deepEqual([replaced.replaceMetadata, replaced.replaceTags], [true, true]);
  assert.equal(parse('b/k', { 'x-amz-metadata-directive': 'COPY' }).replaceMetadata, false);
  for (const name of ['x-amz-metadata-directive', 'x-amz-tagging-directive']) {
    for (const value of ['', 'replace', 'MERGE'])
      assert.throws(() => parse('b/k', { [name]: value }), { code: 'InvalidArgument' });
  }
});

test('the conditions are those on the source, not those on the target', () => {
  const { sourceConditions } = parse('b/k', {
    'if-match': 'target',
    'x-amz-copy-source-if-match': '"source"',
  });
  assert.deepEqual(sourceConditions, { ifMatch: ['source'] });
});

test('a checksum may be asked for', () => {
  assert.equal(parse('b/k').checksumAlgorithm, undefined);
  assert.equal(parse('b/k', { 'x-amz-checksum-algorithm': 'sha256' }).checksumAlgorithm, 'SHA256');
  assert.throws(() => parse('b/k', { 'x-amz-checksum-algorithm': 'MD9' }), { code: 'InvalidRequest' });
});

test('the result', () => {
  const result = {
    etag: 'e',
    modifiedMs: 1_700_000_000_123,
    checksumAlgorithm: 'CRC32',
    checksumValue: 'AAAAAA==',
  };
  const root = parseXml(Buffer.from(encodeCopyResult(result)));
  assert.equal(root.name, 'CopyObjectResult');
  assert.deepEqual(
    root.children.map(({ name, text }) => [name, text]),
    [
      ['LastModified', '2023-11-14T22:13:20.123Z'],
      ['ETag', '"e"'],
      ['ChecksumCRC32', 'AAAAAA=='],
      ['ChecksumType', 'FULL_OBJECT'],
    ],
  );
  const composite = parseXml(Buffer.from(encodeCopyResult({ ...result, checksumValue: 'AAAAAA==-2' })));
  assert.equal(composite.children.at(-1)?.text, 'COMPOSITE');
  const without = parseXml(
    Buffer.from(encodeCopyResult({ ...result, checksumAlgorithm: null, checksumValue: null })),
  );
  assert.deepEqual(
    without.children.map(({ name }) => name),
    ['LastModified', 'ETag'],
  );
});
