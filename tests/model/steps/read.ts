/** @module Steps that read a version: GetObject and HeadObject, with versions, ranges and conditions. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import {
  isThere,
  readCondition,
  readConditionHeaders,
  resolveVersion,
  step,
  versionQuery,
  versionRef,
  where,
} from '../choices.ts';
import type { Data, Model, ModelBucket, Version } from '../model.ts';
import {
  expectShown,
  MARKER_NAMED,
  NO_SUCH_KEY,
  NO_SUCH_VERSION,
  onObject,
  PRECONDITION,
  refused,
} from '../real.ts';
import type { Fault } from '../real.ts';
import type { VersionRef } from '../choices.ts';
import type { S3Response } from '../../support/s3.ts';

export interface Asked {
  readonly bucket: ModelBucket;
  /** As it was named in the request. */
  readonly id: string | undefined;
  readonly found: Version | undefined;
  /** Undefined: there is nothing to read, for these reasons. */
  readonly data: Data | undefined;
  readonly faults: readonly Fault[];
}

/** What a request that names a key and perhaps a version is about. */
export function ask(model: Model, { b, key, ref }: { b: number; key: string; ref: VersionRef }): Asked {
  const bucket = model.bucket(b);
  const id = resolveVersion(model, bucket, { key, ref });
  const found = id === undefined ? bucket.latest(key) : bucket.find(key, id);
  if (found?.marker === false) return { bucket, id, found, data: found, faults: [] };
  const missing = id === undefined ? NO_SUCH_KEY : NO_SUCH_VERSION;
  const faults = [id !== undefined && found !== undefined ? MARKER_NAMED : missing];
  return { bucket, id, found, data: undefined, faults };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html */
function expectMarkerTold({ headers }: S3Response, { found }: Asked): void {
  const expected = found === undefined ? [undefined, undefined] : ['true', found.id];
  assert.deepEqual([headers['x-amz-delete-marker'], headers['x-amz-version-id']], expected);
}

const position = fc.oneof(fc.nat(120), fc.constantFrom(65_535, 65_536, 70_000, 5_242_879, 5_242_880));
const range = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.record({ first: position, length: fc.integer({ min: 1, max: 70_000 }) }) },
  { weight: 1, arbitrary: fc.record({ first: position }) },
  { weight: 1, arbitrary: fc.record({ suffix: fc.nat(70_000) }) },
);
type Range = null | { first: number; length?: number } | { suffix: number };

function formatRange(asked: Range): Record<string, string> {
  if (asked === null) return {};
  if ('suffix' in asked) return { range: `bytes=-${asked.suffix}` };
  const { first, length } = asked;
  return { range: `bytes=${first}-${length === undefined ? '' : first + length - 1}` };
}

/** Start and end; undefined: not satisfiable. */
function resolveRange(asked: Range, size: number): readonly [number, number] | undefined {
  if (asked === null) return [0, size];
  const start = 'suffix' in asked ? Math.max(0, size - asked.suffix) : asked.first;
  const end = 'suffix' in asked || asked.length === undefined ? size : Math.min(size, start + asked.length);
  return start < end ? [start, end] : undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export const get = step(
  'get',
  fc.record({
    ...where,
    ref: versionRef,
    head: fc.boolean(),
    range,
    condition: readCondition,
    crc: fc.boolean(),
  }),
  async (params, model, real) => {
    const asked = ask(model, params);
    const { data, bucket, id } = asked;
    const response = await onObject(real, params.head ? 'HEAD' : 'GET', params, {
      query: versionQuery(id),
      headers: {
        ...formatRange(params.range),
        ...readConditionHeaders(params.condition, data),
        ...(params.crc && { 'x-amz-checksum-mode': 'ENABLED' }),
      },
    });
    if (data === undefined) {
      refused(response, asked.faults);
      expectMarkerTold(response, asked);
      return;
    }
    if (params.condition === 'mismatch') return void refused(response, [PRECONDITION]);
    if (params.condition === 'none-match') return assert.equal(response.status, 304);
    const bounds = resolveRange(params.range, data.bytes.size);
    if (bounds === undefined) return void refused(response, [[416, 'InvalidRange']]);
    const [start, end] = bounds;
    const { headers } = response;
    assert.equal(response.status, params.range === null ? 200 : 206);
    expectShown(response, bucket, { version: data, named: id !== undefined });
    assert.equal(headers['content-length'], String(end - start));
    const contentRange = params.range === null ? undefined : `bytes ${start}-${end - 1}/${data.bytes.size}`;
    assert.equal(headers['content-range'], contentRange);
    if (params.range === null)
      assert.equal(headers['x-amz-checksum-crc32'], params.crc ? data.crc : undefined);
    if (!params.head) assert.ok(data.bytes.slice(start, end).equals(response.body), 'other bytes');
  },
  isThere,
);
