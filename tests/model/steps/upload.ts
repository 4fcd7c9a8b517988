/** @module Steps of a multipart upload up to its end: beginning it, sending and copying parts, listing both, aborting it. */

import assert from 'node:assert/strict';

import { encodeKey } from '@cistern/protocol';
import fc from 'fast-check';

import { elements, text } from '../../support/xml.ts';
import { Bytes, PART_MIN } from '../bytes.ts';
import { attributes, body, bucketIndex, isThere, key, step, versionRef, where } from '../choices.ts';
import { compareUtf8 } from '../../properties/listing-model.ts';
import type { Model, Upload } from '../model.ts';
import { attributeHeaders, nameOf, NO_SUCH_UPLOAD, onObject, refused, unquote } from '../real.ts';
import type { Fault } from '../real.ts';
import { sourceFaults } from './move.ts';
import { ask } from './read.ts';

/** Which upload of a bucket: 0 is the newest. */
export const uploadRef = { b: bucketIndex, nth: fc.constantFrom(0, 0, 0, 1, 2) };

export function findUpload(model: Model, { b, nth }: { b: number; nth: number }): Upload | undefined {
  const { uploads } = model.bucket(b);
  return uploads[uploads.length - 1 - nth];
}

const isOpen = (params: { b: number; nth: number }, model: Model): boolean =>
  findUpload(model, params)?.state === 'open';

/** What an upload that has ended answers. */
export const endedFaults = ({ state }: Upload): Fault[] => (state === 'open' ? [] : [NO_SUCH_UPLOAD]);

export const createUpload = step(
  'create upload',
  fc.record({ ...where, attributes, crc: fc.boolean() }),
  async (params, model, real) => {
    const response = await onObject(real, 'POST', params, {
      query: { uploads: '' },
      headers: {
        ...attributeHeaders(params.attributes),
        ...(params.crc && { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' }),
      },
    });
    refused(response, []);
    const { uploads } = model.bucket(params.b);
    const id = text(response.text, 'UploadId') ?? '';
    assert.ok(id !== '' && uploads.every((other) => other.id !== id));
    const { attributes: stored, key: of, crc } = params;
    uploads.push({ ...stored, id, key: of, crc, parts: new Map(), state: 'open' });
  },
);

const number = fc.integer({ min: 1, max: 3 });

export const uploadPart = step(
  'upload part',
  fc.record({ ...uploadRef, number: fc.constantFrom(1, 2, 3, 3, 3), body }),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const bytes = Bytes.of(params.body);
    const response = await onObject(
      real,
      'PUT',
      { b: params.b, key: upload.key },
      {
        query: { partNumber: String(params.number), uploadId: upload.id },
        body: bytes.toBuffer(),
        headers: upload.crc ? { 'x-amz-checksum-crc32': bytes.crc32() } : {},
      },
    );
    if (refused(response, endedFaults(upload))) return;
    const etag = unquote(response.headers['etag']);
    assert.equal(etag, bytes.md5());
    upload.parts.set(params.number, { bytes, etag });
  },
  isOpen,
);

const range = fc.option(
  fc.record({ first: fc.nat(6_000_000), length: fc.integer({ min: 1, max: 100_000 }) }),
);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export const copyPart = step(
  'copy part',
  fc.record({ ...uploadRef, number, from: fc.record({ b: bucketIndex, key, ref: versionRef }), range }),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const { from } = params;
    const asked = ask(model, from);
    const whole = asked.data?.bytes ?? Bytes.none;
    const some = whole.size > 0 ? params.range : null;
    const first = some === null ? 0 : some.first % whole.size;
    const end = some === null ? whole.size : Math.min(whole.size, first + some.length);
    const version = asked.id === undefined ? '' : `?versionId=${asked.id}`;
    const response = await onObject(
      real,
      'PUT',
      { b: params.b, key: upload.key },
      {
        query: { partNumber: String(params.number), uploadId: upload.id },
        headers: {
          'x-amz-copy-source': `/${nameOf(real, from.b)}/${encodeKey(from.key)}${version}`,
          ...(some !== null && { 'x-amz-copy-source-range': `bytes=${first}-${end - 1}` }),
        },
      },
    );
    if (refused(response, [...sourceFaults(asked), ...endedFaults(upload)])) return;
    setCopied(upload, params.number, { bytes: whole.slice(first, end), xml: response.text });
  },
  (params, model) => isOpen(params, model) && isThere(params.from, model),
);

/** A part of the least size that one may have which is not the last. */
export const copyLargePart = step(
  'copy large part',
  fc.record({ ...uploadRef, number: fc.constantFrom(1, 1, 1, 2, 2, 2, 3) }),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const response = await onObject(
      real,
      'PUT',
      { b: params.b, key: upload.key },
      {
        query: { partNumber: String(params.number), uploadId: upload.id },
        headers: { 'x-amz-copy-source': real.part },
      },
    );
    if (refused(response, endedFaults(upload))) return;
    setCopied(upload, params.number, { bytes: Bytes.of({ offset: 0, size: PART_MIN }), xml: response.text });
  },
  isOpen,
);

/** The ETag of a part that is not read is the server's to make. */
function setCopied(upload: Upload, at: number, { bytes, xml }: { bytes: Bytes; xml: string }): void {
  const etag = unquote(text(xml, 'ETag'));
  assert.match(etag, /^[0-9a-f]{32}$/);
  upload.parts.set(at, { bytes, etag });
}

export const listParts = step(
  'list parts',
  fc.record({ ...uploadRef, limit: fc.integer({ min: 1, max: 4 }) }),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const lines: string[] = [];
    for (let marker = '', truncated = true; truncated;) {
      const query = { uploadId: upload.id, 'max-parts': String(params.limit), 'part-number-marker': marker };
      const page = await onObject(real, 'GET', { b: params.b, key: upload.key }, { query });
      if (refused(page, endedFaults(upload))) return;
      const found = elements(page.text, 'Part').map(
        (part) => `${text(part, 'PartNumber')} ${unquote(text(part, 'ETag'))} ${text(part, 'Size')}`,
      );
      assert.ok(found.length <= params.limit);
      lines.push(...found);
      truncated = text(page.text, 'IsTruncated') === 'true';
      marker = text(page.text, 'NextPartNumberMarker') ?? '';
    }
    const expected = [...upload.parts].sort(([a], [b]) => a - b);
    assert.deepEqual(
      lines,
      expected.map(([at, { etag, bytes }]) => `${at} ${etag} ${bytes.size}`),
    );
  },
  isOpen,
);

export const listUploads = step(
  'list uploads',
  fc.record({
    b: bucketIndex,
    limit: fc.integer({ min: 1, max: 3 }),
    prefix: fc.constantFrom('', 'a', 'a/', 'b'),
  }),
  async ({ b, limit, prefix }, model, real) => {
    const lines: string[] = [];
    let cursor = {};
    for (let truncated = true; truncated;) {
      const query = { uploads: '', prefix, 'max-uploads': String(limit), ...cursor };
      const { text: xml } = await real.s3.bucket('GET', nameOf(real, b), { query });
      lines.push(...elements(xml, 'Upload').map((one) => `${text(one, 'Key')} ${text(one, 'UploadId')}`));
      truncated = text(xml, 'IsTruncated') === 'true';
      cursor = {
        'key-marker': text(xml, 'NextKeyMarker') ?? '',
        'upload-id-marker': text(xml, 'NextUploadIdMarker') ?? '',
      };
    }
    // Those of one key in the order in which they were begun.
    const expected = model
      .bucket(b)
      .openUploads()
      .filter((upload) => upload.key.startsWith(prefix))
      .sort((one, other) => compareUtf8(one.key, other.key));
    assert.deepEqual(
      lines,
      expected.map((upload) => `${upload.key} ${upload.id}`),
    );
  },
);

export const abortUpload = step(
  'abort upload',
  fc.record(uploadRef),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const query = { uploadId: upload.id };
    const response = await onObject(real, 'DELETE', { b: params.b, key: upload.key }, { query });
    if (refused(response, endedFaults(upload))) return;
    upload.state = 'aborted';
  },
  isOpen,
);
