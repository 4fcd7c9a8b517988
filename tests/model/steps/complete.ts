/** @module The step that completes an upload, with all its parts or some, or with a list that is wrong. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import fc from 'fast-check';

import { text } from '../../support/xml.ts';
import { Bytes, PART_MIN } from '../bytes.ts';
import { step, writeCondition, writeConditionFault, writeConditionHeaders } from '../choices.ts';
import type { Upload, UploadedPart } from '../model.ts';
import { newVersionId, onObject, refused, unquote } from '../real.ts';
import type { Fault } from '../real.ts';
import { endedFaults, findUpload, uploadRef } from './upload.ts';

type Listed = readonly [number: number, part: UploadedPart];

/** How the list is made of the parts that are there. */
const LISTS = {
  all: (parts: readonly Listed[]) => parts,
  first: (parts: readonly Listed[]) => parts.slice(0, 1),
  last: (parts: readonly Listed[]) => parts.slice(-1),
  'but the first': (parts: readonly Listed[]) => parts.slice(1),
  reversed: (parts: readonly Listed[]) => parts.toReversed(),
  unknown: (parts: readonly Listed[]): readonly Listed[] => [...parts, [9, { bytes: Bytes.none, etag: 'x' }]],
};
type ListName = keyof typeof LISTS;
const names = Object.keys(LISTS) as ListName[];

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
function listFaults(upload: Upload, list: readonly Listed[]): Fault[] {
  const faults: Fault[] = [];
  if (list.length === 0) faults.push([400, 'MalformedXML']);
  if (list.some(([number], i) => i > 0 && number <= (list[i - 1]?.[0] ?? 0)))
    faults.push([400, 'InvalidPartOrder']);
  if (list.some(([number, { etag }]) => upload.parts.get(number)?.etag !== etag))
    faults.push([400, 'InvalidPart']);
  if (list.slice(0, -1).some(([, { bytes }]) => bytes.size < PART_MIN)) faults.push([400, 'EntityTooSmall']);
  return faults;
}

function joinedETag(list: readonly Listed[]): string {
  const digests = Buffer.from(list.map(([, { etag }]) => etag).join(''), 'hex');
  return `${createHash('md5').update(digests).digest('hex')}-${list.length}`;
}

export const completeUpload = step(
  'complete upload',
  fc.record({
    ...uploadRef,
    list: fc.constantFrom<ListName>('all', 'all', 'all', ...names),
    condition: writeCondition,
  }),
  async (params, model, real) => {
    const upload = findUpload(model, params);
    if (upload === undefined) return;
    const bucket = model.bucket(params.b);
    const { key } = upload;
    const list = LISTS[params.list]([...upload.parts].sort(([a], [b]) => a - b));
    const xml = list
      .map(([number, { etag }]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`)
      .join('');
    const repeats = upload.state === 'complete' && upload.completed?.list === xml;
    const current = bucket.current(key);
    const condition = repeats ? null : params.condition;
    const response = await onObject(
      real,
      'POST',
      { b: params.b, key },
      {
        query: { uploadId: upload.id },
        body: `<CompleteMultipartUpload>${xml}</CompleteMultipartUpload>`,
        headers: writeConditionHeaders(condition, current),
      },
    );
    const etag = unquote(text(response.text, 'ETag'));
    if (repeats) {
      refused(response, []);
      return assert.equal(etag, upload.completed?.etag);
    }
    const faults = [
      ...endedFaults(upload),
      ...listFaults(upload, list),
      ...writeConditionFault(condition, current),
    ];
    if (refused(response, faults)) return;
    assert.equal(etag, joinedETag(list));
    const id = newVersionId(model, bucket, response);
    upload.state = 'complete';
    upload.completed = { list: xml, etag };
    const { contentType, note, tags } = upload;
    const bytes = Bytes.joined(list.map(([, part]) => part.bytes));
    const crc = upload.crc ? bytes.crc32() : undefined;
    const parts = list.map(([, part]) => part.bytes.size);
    bucket.add(key, { contentType, note, tags, marker: false, id, bytes, etag, crc, parts, seen: {} });
  },
  (params, model) => (findUpload(model, params)?.parts.size ?? 0) > 0,
);
