/** @module GetObjectAttributes: what is asked for is told, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { optionalChild, parseXml } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import { encodeGetObjectAttributes, parseGetObjectAttributes } from './get-object-attributes.ts';
import type { GetObjectAttributesInput, GetObjectAttributesOutput } from './get-object-attributes.ts';

const ALL = 'ETag,Checksum,ObjectParts,StorageClass,ObjectSize';

function parse(...pairs: [string, string][]): GetObjectAttributesInput {
  return parseGetObjectAttributes(RawHeaders.from(pairs));
}

const OBJECT: GetObjectAttributesOutput = {
  etag: 'abc-2',
  size: 5 * 1024 ** 4,
  storageClass: 'STANDARD',
  checksumAlgorithm: 'CRC32',
  checksumValue: 'AAAAAA==-2',
  parts: {
    total: 3,
    page: [
      { number: 2, size: 5, checksumValue: 'AAAAAA==' },
      { number: 5, size: 7, checksumValue: null },
    ],
    truncated: true,
  },
};

function xmlOf(input: GetObjectAttributesInput, more: Partial<GetObjectAttributesOutput> = {}): XmlElement {
  return parseXml(Buffer.from(encodeGetObjectAttributes(input, { ...OBJECT, ...more })));
}

const pairs = (element: XmlElement | undefined): string[][] =>
  element?.children.map(({ name, text }) => [name, text]) ?? [];

test('attributes: a list, in one header or several', () => {
  const names = (...values: string[]): string[] => [
    ...parse(...values.map((value): [string, string] => ['x-amz-object-attributes', value])).attributes,
  ];
  assert.deepEqual(names('ETag'), ['ETag']);
  assert.deepEqual(names('ETag, ObjectSize', 'Checksum'), ['ETag', 'ObjectSize', 'Checksum']);
  assert.deepEqual(names('ETag,ETag'), ['ETag']);
  for (const value of ['', 'etag', 'ETag,', 'ETag Checksum', 'Owner', 'ETag,Owner'])
    assert.throws(() => names(value), { code: 'InvalidArgument' }, value);
  assert.throws(() => parse(), { code: 'InvalidArgument' });
});

test('a page of parts', () => {
  const page = (name: string, value: string): number[] => {
    const { maxParts, partNumberMarker } = parse(['x-amz-object-attributes', 'ObjectParts'], [name, value]);
    return [maxParts, partNumberMarker];
  };
  assert.deepEqual(page('x-other', '1'), [1000, 0]);
  assert.deepEqual(page('x-amz-max-parts', '1'), [1, 0]);
  assert.deepEqual(page('x-amz-max-parts', '0'), [0, 0]);
  assert.deepEqual(page('x-amz-max-parts', '2000'), [1000, 0]);
  assert.deepEqual(page('x-amz-part-number-marker', '7'), [1000, 7]);
  for (const name of ['x-amz-max-parts', 'x-amz-part-number-marker']) {
    for (const value of ['', '-1', 'many', '2147483648'])
      assert.throws(() => page(name, value), { code: 'InvalidArgument' }, `${name}: ${value}`);
  }
});

test('everything of a multipart object', () => {
  const input = parse(
    ['x-amz-object-attributes', ALL],
    ['x-amz-max-parts', '2'],
    ['x-amz-part-number-marker', '1'],
  );
  const root = xmlOf(input);
  assert.equal(root.name, 'GetObjectAttributesResponse');
  assert.deepEqual(pairs(root), [
    ['ETag', 'abc-2'],
    ['Checksum', ''],
    ['ObjectParts', ''],
    ['StorageClass', 'STANDARD'],
    ['ObjectSize', '5497558138880'],
  ]);
  assert.deepEqual(pairs(optionalChild(root, 'Checksum')), [
    ['ChecksumCRC32', 'AAAAAA=='],
    ['ChecksumType', 'COMPOSITE'],
  ]);
  const parts = optionalChild(root, 'ObjectParts');
  assert.deepEqual(pairs(parts), [
    ['PartsCount', '3'],
    ['PartNumberMarker', '1'],
    ['NextPartNumberMarker', '5'],
    ['MaxParts', '2'],
    ['IsTruncated', 'true'],
    ['Part', ''],
    ['Part', ''],
  ]);
  assert.deepEqual(parts?.children.slice(-2).map(pairs), [
    [
      ['PartNumber', '2'],
      ['Size', '5'],
      ['ChecksumCRC32', 'AAAAAA=='],
    ],
    [
      ['PartNumber', '5'],
      ['Size', '7'],
    ],
  ]);
});

test('what an object does not have is not told', () => {
  const input = parse(['x-amz-object-attributes', ALL]);
  const root = xmlOf(input, { checksumAlgorithm: null, checksumValue: null, parts: null });
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['ETag', 'StorageClass', 'ObjectSize'],
  );
});

test('what was not asked for is not told', () => {
  for (const name of ALL.split(',')) {
    const root = xmlOf(parse(['x-amz-object-attributes', name]));
    assert.deepEqual(
      root.children.map((child) => child.name),
      [name],
    );
  }
});

test('a page beyond the last part', () => {
  const input = parse(['x-amz-object-attributes', 'ObjectParts'], ['x-amz-part-number-marker', '9']);
  const root = xmlOf(input, { parts: { total: 3, page: [], truncated: false } });
  assert.deepEqual(pairs(optionalChild(root, 'ObjectParts'))[2], ['NextPartNumberMarker', '0']);
});
