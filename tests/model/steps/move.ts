/** @module Steps that make an object of another one: CopyObject and RenameObject. */

import assert from 'node:assert/strict';

import { encodeKey } from '@cistern/protocol';
import fc from 'fast-check';

import { text } from '../../support/xml.ts';
import {
  attributes,
  bucketIndex,
  isThere,
  key,
  readCondition,
  readConditionFails,
  readConditionHeaders,
  step,
  tags,
  versionRef,
  writeCondition,
  writeConditionFault,
  writeConditionHeaders,
} from '../choices.ts';
import {
  attributeHeaders,
  formatTags,
  INVALID_REQUEST,
  MARKER_NAMED,
  nameOf,
  newVersionId,
  NO_SUCH_KEY,
  onObject,
  PRECONDITION,
  refused,
  unquote,
} from '../real.ts';
import type { Fault } from '../real.ts';
import { ask } from './read.ts';
import type { Asked } from './read.ts';

/** Of a copy the source's delete marker, when it is named, is an invalid request. */
export function sourceFaults({ faults }: Asked): Fault[] {
  return faults.map((fault) => (fault === MARKER_NAMED ? INVALID_REQUEST : fault));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export const copy = step(
  'copy',
  fc.record({
    from: fc.record({ b: bucketIndex, key, ref: versionRef }),
    to: fc.oneof(
      { weight: 3, arbitrary: fc.record({ b: bucketIndex, key }) },
      { weight: 1, arbitrary: fc.constant('itself' as const) },
    ),
    attributes: fc.option(attributes, { freq: 2 }),
    tags: fc.option(tags, { freq: 2 }),
    sourceCondition: readCondition,
    condition: writeCondition,
  }),
  async (params, model, real) => {
    const { from } = params;
    const asked = ask(model, from);
    const source = asked.data;
    const to = params.to === 'itself' ? { b: from.b, key: from.key } : params.to;
    const bucket = model.bucket(to.b);
    const current = bucket.current(to.key);
    const version = asked.id === undefined ? '' : `?versionId=${asked.id}`;
    const { 'x-amz-tagging': _, ...metadata } =
      params.attributes === null ? {} : attributeHeaders(params.attributes);
    const response = await onObject(real, 'PUT', to, {
      headers: {
        'x-amz-copy-source': `/${nameOf(real, from.b)}/${encodeKey(from.key)}${version}`,
        ...(params.attributes !== null && { 'x-amz-metadata-directive': 'REPLACE', ...metadata }),
        ...(params.tags !== null && {
          'x-amz-tagging-directive': 'REPLACE',
          'x-amz-tagging': formatTags(params.tags),
        }),
        ...readConditionHeaders(params.sourceCondition, source, 'x-amz-copy-source-'),
        ...writeConditionHeaders(params.condition, current),
      },
    });
    const faults = [...sourceFaults(asked), ...writeConditionFault(params.condition, current)];
    if (readConditionFails(params.sourceCondition)) faults.push(PRECONDITION);
    const onto = from.key === to.key && asked.bucket === bucket;
    const revives = asked.id !== undefined && bucket.versioning !== 'never';
    if (onto && params.attributes === null && params.tags === null && !revives) faults.push(INVALID_REQUEST);
    if (refused(response, faults) || source === undefined) return;
    const told = asked.bucket.versioning !== 'never' || asked.id !== undefined;
    assert.equal(response.headers['x-amz-copy-source-version-id'], told ? source.id : undefined);
    const etag = unquote(text(response.text, 'ETag'));
    // What shares the bytes of parts may keep their ETag.
    if (etag !== source.etag) assert.equal(etag, source.bytes.md5());
    const id = newVersionId(model, bucket, response);
    const { contentType, note } = params.attributes ?? source;
    const stored = { contentType, note, tags: params.tags ?? source.tags };
    bucket.add(to.key, { ...source, ...stored, id, etag, parts: [], seen: {} });
  },
  ({ from }, model) => isThere(from, model),
);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html */
export const rename = step(
  'rename',
  fc.record({
    b: bucketIndex,
    from: key,
    key,
    sourceCondition: readCondition,
    condition: writeCondition,
    token: fc.constantFrom(null, null, null, 'one', 'two'),
  }),
  async (params, model, real) => {
    const bucket = model.bucket(params.b);
    const source = bucket.current(params.from);
    const target = bucket.current(params.key);
    const conditions = {
      ...readConditionHeaders(params.sourceCondition, source, 'x-amz-rename-source-'),
      ...writeConditionHeaders(params.condition, target),
    };
    const response = await onObject(real, 'PUT', params, {
      query: { renameObject: '' },
      headers: {
        'x-amz-rename-source': encodeKey(params.from),
        ...conditions,
        ...(params.token !== null && { 'x-amz-client-token': params.token }),
      },
    });
    const request = JSON.stringify([params.from, params.key, conditions]);
    const known = params.token === null ? undefined : bucket.tokens.get(params.token);
    const faults: Fault[] = [];
    if (bucket.versioning !== 'never') faults.push(INVALID_REQUEST);
    if (known !== undefined) {
      if (known !== request) faults.push([400, 'IdempotencyParameterMismatch']);
    } else {
      if (source === undefined) faults.push(NO_SUCH_KEY);
      // A destination that is not there is a condition that does not hold, too.
      if (writeConditionFault(params.condition, target).length > 0) faults.push(PRECONDITION);
      if (readConditionFails(params.sourceCondition)) faults.push(PRECONDITION);
    }
    if (refused(response, faults)) return;
    if (known !== undefined || source === undefined) return;
    if (params.token !== null) bucket.tokens.set(params.token, request);
    if (params.from === params.key) return;
    bucket.remove(params.from, 'null');
    bucket.add(params.key, source);
  },
  ({ b, from }, model) => model.bucket(b).versioning === 'never' && isThere({ b, key: from }, model),
);
