/** @module ListMultipartUploads: parameters, markers, and XML that reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { formatUploadId, formatVersionId } from '../ids.ts';
import { parseTarget } from '../target.ts';
import { optionalText, parseXml } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import { encodeListMultipartUploads, parseListMultipartUploads } from './list-multipart-uploads.ts';
import type { ListMultipartUploadsInput, ListMultipartUploadsOutput } from './list-multipart-uploads.ts';
import type { ListedUpload } from './upload-entry.ts';

const ID = formatUploadId(36);

function parse(raw: string): ListMultipartUploadsInput {
  return parseListMultipartUploads(parseTarget(`/b?uploads&${raw}`, undefined, []).query);
}

function upload(key: string, uploadId: number, more: Partial<ListedUpload> = {}): ListedUpload {
  return {
    key,
    uploadId,
    initiator: 'i',
    owner: 'o',
    storageClass: 'STANDARD',
    initiatedMs: 1_700_000_000_123,
    checksum: null,
    ...more,
  };
}

function document(raw: string, more: Partial<ListMultipartUploadsOutput> = {}): XmlElement {
  const output: ListMultipartUploadsOutput = {
    bucket: 'b',
    uploads: [],
    commonPrefixes: [],
    truncated: false,
    last: { key: '', uploadId: undefined },
    ...more,
  };
  return parseXml(Buffer.from(encodeListMultipartUploads(parse(raw), output)));
}

const texts = (root: XmlElement): string[][] =>
  root.children.filter(({ children }) => children.length === 0).map(({ name, text }) => [name, text]);

test('parameters', () => {
  assert.deepEqual(parse(''), {
    prefix: '',
    delimiter: '',
    keyMarker: '',
    uploadIdMarker: undefined,
    maxUploads: 1000,
    encodeUrl: false,
  });
  const raw = `prefix=p&delimiter=%2F&key-marker=m&upload-id-marker=${ID}&max-uploads=5&encoding-type=url`;
  assert.deepEqual(parse(raw), {
    prefix: 'p',
    delimiter: '/',
    keyMarker: 'm',
    uploadIdMarker: 36,
    maxUploads: 5,
    encodeUrl: true,
  });
  assert.equal(parse('max-uploads=1001').maxUploads, 1000);
});

test('an upload marker counts beside a key marker only', () => {
  assert.equal(parse(`upload-id-marker=${ID}`).uploadIdMarker, undefined);
  assert.equal(parse('upload-id-marker=x').uploadIdMarker, undefined);
  assert.equal(parse('key-marker=m&upload-id-marker=').uploadIdMarker, undefined);
  for (const id of ['x', formatVersionId(36)]) {
    assert.throws(() => parse(`key-marker=m&upload-id-marker=${id}`), { code: 'InvalidArgument' }, id);
  }
});

test('parameters that are none', () => {
  for (const raw of ['max-uploads=x', 'max-uploads=-1', 'encoding-type=xml'])
    assert.throws(() => parse(raw), { code: 'InvalidArgument' }, raw);
});

test('a page that is not the last', () => {
  const checksum = { algorithm: 'SHA256', type: 'COMPOSITE' } as const;
  const root = document(`prefix=%3C&delimiter=%26&key-marker=m&upload-id-marker=${ID}`, {
    uploads: [upload('<a>', 37), upload('<a>', 38, { checksum })],
    commonPrefixes: ['<b&'],
    truncated: true,
    last: { key: '<a>', uploadId: 38 },
  });
  assert.equal(root.name, 'ListMultipartUploadsResult');
  assert.deepEqual(texts(root), [
    ['Bucket', 'b'],
    ['KeyMarker', 'm'],
    ['UploadIdMarker', ID],
    ['NextKeyMarker', '<a>'],
    ['NextUploadIdMarker', formatUploadId(38)],
    ['Prefix', '<'],
    ['Delimiter', '&'],
    ['MaxUploads', '1000'],
    ['IsTruncated', 'true'],
  ]);
  const [, second] = root.children.filter(({ name }) => name === 'Upload');
  assert.ok(second);
  assert.deepEqual(texts(second), [
    ['Key', '<a>'],
    ['UploadId', formatUploadId(38)],
    ['StorageClass', 'STANDARD'],
    ['Initiated', '2023-11-14T22:13:20.123Z'],
    ['ChecksumAlgorithm', 'SHA256'],
    ['ChecksumType', 'COMPOSITE'],
  ]);
  const prefixes = root.children.filter(({ name }) => name === 'CommonPrefixes');
  assert.deepEqual(
    prefixes.map((element) => optionalText(element, 'Prefix')),
    ['<b&'],
  );
});

test('the last page, and one that ends with a common prefix', () => {
  assert.deepEqual(texts(document('')), [
    ['Bucket', 'b'],
    ['KeyMarker', ''],
    ['UploadIdMarker', ''],
    ['Prefix', ''],
    ['MaxUploads', '1000'],
    ['IsTruncated', 'false'],
  ]);
  const root = document('', { truncated: true, last: { key: 'p/', uploadId: undefined } });
  assert.deepEqual(
    [optionalText(root, 'NextKeyMarker'), optionalText(root, 'NextUploadIdMarker')],
    ['p/', ''],
  );
});

test('keys come back, encoded or not', () => {
  const keys = fc.array(hostileText({ minLength: 1, maxLength: 20 }), { maxLength: 4 });
  fc.assert(
    fc.property(keys, fc.boolean(), (names, encoded) => {
      const root = document(encoded ? 'encoding-type=url' : '', {
        uploads: names.map((name, index) => upload(name, index)),
      });
      assert.equal(optionalText(root, 'EncodingType'), encoded ? 'url' : undefined);
      const uploads = root.children.filter(({ name }) => name === 'Upload');
      const seen = uploads.map((element) => optionalText(element, 'Key') ?? '');
      assert.deepEqual(encoded ? seen.map(decodeURIComponent) : seen, names);
    }),
    { numRuns: 200 },
  );
});
