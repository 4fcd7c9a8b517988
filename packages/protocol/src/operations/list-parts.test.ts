/** @module ListParts: parameters, and XML that reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatUploadId } from '../ids.ts';
import { parseTarget } from '../target.ts';
import { optionalChild, optionalText, parseXml } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import { encodeListParts, parseListParts } from './list-parts.ts';
import type { ListPartsInput, ListPartsOutput } from './list-parts.ts';

const ID = formatUploadId(36);

function parse(raw: string): ListPartsInput {
  return parseListParts(parseTarget(`/b/k?uploadId=${ID}&${raw}`, undefined, []).query);
}

test('parameters', () => {
  assert.deepEqual(parse(''), { uploadId: 36, maxParts: 1000, partNumberMarker: 0 });
  assert.deepEqual(parse('max-parts=2&part-number-marker=9999'), {
    uploadId: 36,
    maxParts: 2,
    partNumberMarker: 9999,
  });
  assert.equal(parse('max-parts=').maxParts, 1000);
  assert.equal(parse('max-parts=2147483647').maxParts, 1000);
  assert.equal(parse('max-parts=0').maxParts, 0);
  for (const name of ['max-parts', 'part-number-marker']) {
    for (const value of ['-1', 'x', '1.5', '2147483648'])
      assert.throws(() => parse(`${name}=${value}`), { code: 'InvalidArgument' }, `${name}=${value}`);
  }
  assert.throws(() => parseListParts(parseTarget('/b/k?uploadId=x', undefined, []).query), {
    code: 'NoSuchUpload',
  });
});

function document(raw: string, more: Partial<ListPartsOutput>): XmlElement {
  const output: ListPartsOutput = {
    bucket: 'b',
    key: '<k>',
    owner: 'o',
    initiator: 'i&',
    storageClass: 'STANDARD_IA',
    checksum: null,
    parts: [],
    truncated: false,
    ...more,
  };
  return parseXml(Buffer.from(encodeListParts(parse(raw), output)));
}

test('a page', () => {
  const part = {
    number: 3,
    modifiedMs: 1_700_000_000_123,
    etag: 'e',
    size: 2 ** 32,
    checksumValue: 'AAAAAA==',
  };
  const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT' } as const;
  const parts = [part, { ...part, number: 7, checksumValue: null }];
  const root = document('max-parts=2&part-number-marker=2', { checksum, parts, truncated: true });
  assert.equal(root.name, 'ListPartsResult');
  assert.deepEqual(
    root.children.filter(({ children }) => children.length === 0).map(({ name, text }) => [name, text]),
    [
      ['Bucket', 'b'],
      ['Key', '<k>'],
      ['UploadId', ID],
      ['PartNumberMarker', '2'],
      ['NextPartNumberMarker', '7'],
      ['MaxParts', '2'],
      ['IsTruncated', 'true'],
      ['ChecksumAlgorithm', 'CRC32'],
      ['ChecksumType', 'FULL_OBJECT'],
      ['StorageClass', 'STANDARD_IA'],
    ],
  );
  const listed = root.children.filter(({ name }) => name === 'Part');
  assert.deepEqual(
    listed.map(({ children }) => children.map(({ name, text }) => [name, text])),
    [3, 7].map((number) => [
      ['PartNumber', String(number)],
      ['LastModified', '2023-11-14T22:13:20.123Z'],
      ['ETag', '"e"'],
      ['Size', '4294967296'],
      ...(number === 3 ? [['ChecksumCRC32', 'AAAAAA==']] : []),
    ]),
  );
  const person = (name: string): string | undefined => {
    const element = optionalChild(root, name);
    return element && optionalText(element, 'ID');
  };
  assert.deepEqual([person('Initiator'), person('Owner')], ['i&', 'o']);
});

test('an empty page has no last part', () => {
  const root = document('part-number-marker=9', {});
  assert.equal(optionalText(root, 'NextPartNumberMarker'), '0');
  assert.equal(optionalText(root, 'IsTruncated'), 'false');
  assert.equal(optionalText(root, 'ChecksumAlgorithm'), undefined);
});
