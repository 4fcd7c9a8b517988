/** @module Steps on the tags of a version: they change nothing else of it. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import type { S3Response } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import { isThere, step, tags, versionQuery, versionRef, where } from '../choices.ts';
import type { Data } from '../model.ts';
import { onObject, refused } from '../real.ts';
import type { Fault } from '../real.ts';
import { ask } from './read.ts';
import type { Asked } from './read.ts';

/** Of the latest version when that is a delete marker S3's pages tell of both answers. */
function tagFaults({ id, found, faults }: Asked): readonly Fault[] {
  return id === undefined && found?.marker === true ? [...faults, [405, 'MethodNotAllowed']] : faults;
}

export function expectTags({ text: xml }: S3Response, { tags: expected }: Data): void {
  const told = elements(xml, 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')]);
  assert.deepEqual(Object.fromEntries(told), expected);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html, API_DeleteObjectTagging.html */
export const changeTags = step(
  'tag',
  fc.record({ ...where, ref: versionRef, tags: fc.option(tags) }),
  async (params, model, real) => {
    const asked = ask(model, params);
    const { data, bucket, id } = asked;
    const set = Object.entries(params.tags ?? {}).map(
      ([name, value]) => `<Tag><Key>${name}</Key><Value>${value}</Value></Tag>`,
    );
    const response = await onObject(real, params.tags === null ? 'DELETE' : 'PUT', params, {
      query: { tagging: '', ...versionQuery(id) },
      ...(params.tags !== null && { body: `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>` }),
    });
    if (refused(response, tagFaults(asked)) || data === undefined) return;
    assert.equal(response.status, params.tags === null ? 204 : 200);
    bucket.replace(params.key, data, { ...data, tags: params.tags ?? {} });
  },
  isThere,
);

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export const getTags = step(
  'get tags',
  fc.record({ ...where, ref: versionRef }),
  async (params, model, real) => {
    const asked = ask(model, params);
    const query = { tagging: '', ...versionQuery(asked.id) };
    const response = await onObject(real, 'GET', params, { query });
    if (refused(response, tagFaults(asked)) || asked.data === undefined) return;
    expectTags(response, asked.data);
  },
  isThere,
);
