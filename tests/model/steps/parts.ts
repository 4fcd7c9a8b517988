/** @module Steps that look at the parts of an object: GetObjectAttributes, and GET and HEAD of one part. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import { isThere, step, versionQuery, versionRef, where } from '../choices.ts';
import type { Data } from '../model.ts';
import { expectShown, onObject, refused } from '../real.ts';
import { ask } from './read.ts';

export const ATTRIBUTES = { 'x-amz-object-attributes': 'ETag,ObjectSize,ObjectParts,Checksum' };

/** What it tells is what the version is made of. */
export function expectAttributes(response: S3Response, data: Data): void {
  const parts = elements(response.text, 'ObjectParts')[0];
  const { parts: sizes, bytes, etag, crc } = data;
  assert.deepEqual(
    {
      etag: text(response.text, 'ETag'),
      size: text(response.text, 'ObjectSize'),
      crc: text(elements(response.text, 'Checksum')[0] ?? '', 'ChecksumCRC32'),
      count: text(parts ?? '', 'PartsCount'),
      sizes: elements(parts ?? '', 'Part').map((part) => Number(text(part, 'Size'))),
    },
    {
      etag,
      size: String(bytes.size),
      crc,
      count: sizes.length === 0 ? undefined : String(sizes.length),
      sizes,
    },
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
export const getAttributes = step(
  'attributes',
  fc.record({ ...where, ref: versionRef }),
  async (params, model, real) => {
    const { data, faults, id } = ask(model, params);
    const query = { attributes: '', ...versionQuery(id) };
    const response = await onObject(real, 'GET', params, { query, headers: ATTRIBUTES });
    if (refused(response, faults) || data === undefined) return;
    expectAttributes(response, data);
  },
  isThere,
);

/** An object that did not come in parts is one. */
export const getPart = step(
  'get part',
  fc.record({ ...where, ref: versionRef, number: fc.integer({ min: 1, max: 4 }), head: fc.boolean() }),
  async (params, model, real) => {
    const { data, faults, id, bucket } = ask(model, params);
    const query = { partNumber: String(params.number), ...versionQuery(id) };
    const response = await onObject(real, params.head ? 'HEAD' : 'GET', params, { query });
    if (data === undefined) return void refused(response, faults);
    const sizes = data.parts.length === 0 ? [data.bytes.size] : data.parts;
    const size = sizes[params.number - 1];
    if (size === undefined) return void refused(response, [[416, 'InvalidPartNumber']]);
    assert.equal(response.status, 206);
    expectShown(response, bucket, { version: data, named: id !== undefined });
    const start = sizes.slice(0, params.number - 1).reduce((sum, one) => sum + one, 0);
    assert.equal(response.headers['content-length'], String(size));
    const count = data.parts.length === 0 ? undefined : String(data.parts.length);
    assert.equal(response.headers['x-amz-mp-parts-count'], count);
    if (!params.head) assert.ok(data.bytes.slice(start, start + size).equals(response.body), 'other bytes');
  },
  isThere,
);
