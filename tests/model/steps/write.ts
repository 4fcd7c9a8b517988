/** @module Steps that make versions of bytes: PutObject and appends. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { Bytes } from '../bytes.ts';
import {
  attributes,
  body,
  step,
  where,
  writeCondition,
  writeConditionFault,
  writeConditionHeaders,
} from '../choices.ts';
import type { Data } from '../model.ts';
import { attributeHeaders, INVALID_REQUEST, newVersionId, onObject, refused, unquote } from '../real.ts';
import type { Fault } from '../real.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export const put = step(
  'put',
  fc.record({ ...where, body, attributes, crc: fc.boolean(), condition: writeCondition }),
  async (params, model, real) => {
    const bucket = model.bucket(params.b);
    const current = bucket.current(params.key);
    const bytes = Bytes.of(params.body);
    const crc = params.crc ? bytes.crc32() : undefined;
    const response = await onObject(real, 'PUT', params, {
      body: bytes.toBuffer(),
      headers: {
        ...attributeHeaders(params.attributes),
        ...(crc !== undefined && { 'x-amz-checksum-crc32': crc }),
        ...writeConditionHeaders(params.condition, current),
      },
    });
    if (refused(response, writeConditionFault(params.condition, current))) return;
    const etag = unquote(response.headers['etag']);
    assert.equal(etag, bytes.md5());
    const id = newVersionId(model, bucket, response);
    bucket.add(params.key, {
      ...params.attributes,
      marker: false,
      id,
      bytes,
      etag,
      crc,
      parts: [],
      seen: {},
    });
  },
);

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html */
export const append = step(
  'append',
  fc.record({
    ...where,
    body,
    at: fc.constantFrom<'end' | 'start' | 'beyond'>('end', 'end', 'end', 'end', 'start', 'beyond'),
    crc: fc.boolean(),
    condition: writeCondition,
  }),
  async (params, model, real) => {
    const bucket = model.bucket(params.b);
    const current = bucket.current(params.key);
    const end = current?.bytes.size ?? 0;
    const offset = { end, start: 0, beyond: end + 1 }[params.at];
    const added = Bytes.of(params.body);
    const response = await onObject(real, 'PUT', params, {
      body: added.toBuffer(),
      headers: {
        'x-amz-write-offset-bytes': String(offset),
        ...(params.crc && { 'x-amz-checksum-crc32': added.crc32() }),
        ...writeConditionHeaders(params.condition, current),
      },
    });
    const faults: Fault[] = [...writeConditionFault(params.condition, current)];
    if (bucket.versioning !== 'never') faults.push(INVALID_REQUEST);
    if (offset !== end) faults.push([400, 'InvalidWriteOffset']);
    if (refused(response, faults)) return;
    newVersionId(model, bucket, response);
    const version = appended(current, added, params.crc);
    assert.equal(response.headers['x-amz-object-size'], String(version.bytes.size));
    const etag = unquote(response.headers['etag']);
    if (current === undefined) assert.equal(etag, added.md5());
    else assert.match(etag, new RegExp(`^[0-9a-f]{32}-${version.parts.length}$`));
    bucket.add(params.key, { ...version, etag });
  },
  ({ b }, model) => model.bucket(b).versioning === 'never',
);

function appended(current: Data | undefined, added: Bytes, hasCrc: boolean): Data {
  if (current === undefined) {
    const plain = { contentType: 'binary/octet-stream', note: undefined, tags: {} };
    const crc = hasCrc ? added.crc32() : undefined;
    return { ...plain, marker: false, id: 'null', bytes: added, etag: '', crc, parts: [], seen: {} };
  }
  const bytes = Bytes.joined([current.bytes, added]);
  const crc = hasCrc && current.crc !== undefined ? bytes.crc32() : undefined;
  const before = current.parts.length === 0 ? [current.bytes.size] : current.parts;
  return { ...current, bytes, crc, parts: [...before, added.size], seen: {} };
}
