/** @module Uploads that can be read while they are written: flags, headers, and the listing of a key. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatUploadId } from '../ids.ts';
import { RawHeaders } from '../raw-headers.ts';
import { EMPTY_SHA256, parsePayloadMode, STREAMING_SIGNED } from '../sigv4/payload-mode.ts';
import { parseTarget } from '../target.ts';
import { parseXml } from '../xml/parse.ts';
import { encodeListKeyUploads, parseListKeyUploads } from './list-key-uploads.ts';
import type { ListKeyUploadsInput, ListKeyUploadsOutput } from './list-key-uploads.ts';
import { parseFollow, parseLive, uploadHeaders } from './live-upload.ts';

const headers = (name: string, value: string) => RawHeaders.from([[name, value]]);
const UNSIGNED = parsePayloadMode('UNSIGNED-PAYLOAD');

test('true, or not sent', () => {
  const none = RawHeaders.from([]);
  assert.deepEqual([parseLive(none, UNSIGNED), parseFollow(none)], [false, false]);
  assert.equal(parseLive(headers('x-cistern-live', 'true'), UNSIGNED), true);
  assert.equal(parseFollow(headers('x-cistern-follow', 'true')), true);
  for (const value of ['', 'false', 'True', '1', 'true,true']) {
    assert.throws(() => parseLive(headers('x-cistern-live', value), UNSIGNED), {
      code: 'InvalidArgument',
      details: { ArgumentName: 'x-cistern-live', ArgumentValue: value },
    });
    assert.throws(() => parseFollow(headers('x-cistern-follow', value)), { code: 'InvalidArgument' });
  }
});

test('a live body is signed in chunks or not at all', () => {
  const live = headers('x-cistern-live', 'true');
  assert.equal(parseLive(live, parsePayloadMode(STREAMING_SIGNED)), true);
  const whole = parsePayloadMode(EMPTY_SHA256);
  assert.throws(() => parseLive(live, whole), { code: 'InvalidRequest', status: 400 });
  assert.equal(parseLive(RawHeaders.from([]), whole), false);
});

test('what answers say of an upload', () => {
  assert.deepEqual(uploadHeaders({ uploadId: 36, size: 2 ** 40, state: 'aborted' }), [
    'x-cistern-upload-id',
    formatUploadId(36),
    'x-cistern-upload-size',
    '1099511627776',
    'x-cistern-upload-state',
    'aborted',
  ]);
});

function parse(raw: string): ListKeyUploadsInput {
  return parseListKeyUploads(parseTarget(`/b/k?cistern-uploads&${raw}`, undefined, []).query);
}

test('the uploads of a key: parameters', () => {
  assert.deepEqual(parse(''), { uploadIdMarker: undefined, maxUploads: 1000 });
  assert.deepEqual(parse(`upload-id-marker=${formatUploadId(5)}&max-uploads=2`), {
    uploadIdMarker: 5,
    maxUploads: 2,
  });
  for (const raw of ['upload-id-marker=x', 'max-uploads=x'])
    assert.throws(() => parse(raw), { code: 'InvalidArgument' }, raw);
});

test('the uploads of a key: a page', () => {
  const upload = {
    key: '<k>',
    uploadId: 36,
    initiator: 'i',
    owner: 'o',
    storageClass: 'STANDARD',
    initiatedMs: 1_700_000_000_123,
    checksum: null,
    size: 2 ** 40,
    state: 'open',
    live: true,
  } as const;
  const texts = (raw: string, more: Partial<ListKeyUploadsOutput>): string[][] => {
    const output = { bucket: 'b', key: '<k>', uploads: [upload], truncated: false, ...more };
    const root = parseXml(Buffer.from(encodeListKeyUploads(parse(raw), output)));
    assert.equal(root.name, 'ListKeyUploadsResult');
    return root.children.map(({ name, text, children }) => [
      name,
      children.length === 0 ? text : children.map((child) => child.text).join(' '),
    ]);
  };
  const entry = [
    'Upload',
    `<k> ${formatUploadId(36)}   STANDARD 2023-11-14T22:13:20.123Z 1099511627776 open true`,
  ];
  assert.deepEqual(texts('', {}), [
    ['Bucket', 'b'],
    ['Key', '<k>'],
    ['MaxUploads', '1000'],
    ['IsTruncated', 'false'],
    entry,
  ]);
  assert.deepEqual(texts(`max-uploads=1&upload-id-marker=${formatUploadId(5)}`, { truncated: true }), [
    ['Bucket', 'b'],
    ['Key', '<k>'],
    ['UploadIdMarker', formatUploadId(5)],
    ['NextUploadIdMarker', formatUploadId(36)],
    ['MaxUploads', '1'],
    ['IsTruncated', 'true'],
    entry,
  ]);
  assert.equal(
    texts('max-uploads=0', { uploads: [], truncated: true }).flat().includes('NextUploadIdMarker'),
    false,
  );
});
