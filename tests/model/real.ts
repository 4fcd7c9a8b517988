/** @module The server's side of a step: requests, and what its answers must say. */

import assert from 'node:assert/strict';

import type { S3, S3RequestOptions, S3Response } from '../support/s3.ts';
import type { Attributes, Data, Model, ModelBucket } from './model.ts';

export interface Real {
  readonly s3: S3;
  /** Names of the model's buckets, forks at the end. */
  readonly buckets: string[];
  /** `/bucket/key` of an object with the bytes of one part. */
  readonly part: string;
  /** To be called for every step. */
  readonly count: () => void;
}

export const nameOf = ({ buckets }: Real, index: number): string => buckets[index % buckets.length] as string;

export function onObject(
  real: Real,
  method: string,
  { b, key }: { b: number; key: string },
  options: S3RequestOptions = {},
): Promise<S3Response> {
  return real.s3.object(method, nameOf(real, b), key, options);
}

/** Status and code of an error. */
export type Fault = readonly [status: number, code: string];

export const NO_SUCH_KEY: Fault = [404, 'NoSuchKey'];
export const NO_SUCH_VERSION: Fault = [404, 'NoSuchVersion'];
export const NO_SUCH_UPLOAD: Fault = [404, 'NoSuchUpload'];
export const MARKER_NAMED: Fault = [405, 'MethodNotAllowed'];
export const PRECONDITION: Fault = [412, 'PreconditionFailed'];
export const INVALID_REQUEST: Fault = [400, 'InvalidRequest'];

/**
 * Whether the request was refused, as it had to be: where several things are wrong with it, for any of them.
 */
export function refused(response: S3Response, faults: readonly Fault[]): boolean {
  if (faults.length === 0) {
    if (response.status >= 300) assert.fail(`refused: ${response.status} ${response.text.slice(0, 400)}`);
    return false;
  }
  // HEAD has no body to tell the code in.
  const { status, errorCode } = response;
  const fits = faults.some((fault) => fault[0] === status && (errorCode ?? fault[1]) === fault[1]);
  if (!fits) assert.fail(`expected ${faults.join(' or ')}, got ${status} ${response.text.slice(0, 400)}`);
  return true;
}

/** The id of a version that was just made. */
export function newVersionId(model: Model, { versioning }: ModelBucket, { headers }: S3Response): string {
  const id = headers['x-amz-version-id'];
  if (versioning !== 'enabled') {
    assert.equal(id, undefined, 'a null version is not named when it is written');
    return 'null';
  }
  assert.ok(id !== undefined && id !== 'null' && !model.ids.includes(id), `version id ${id}`);
  model.ids.push(id);
  return id;
}

export const unquote = (etag: string | undefined): string => (etag ?? '').replace(/^"(.*)"$/, '$1');

export const formatTags = (tags: Attributes['tags']): string => new URLSearchParams(tags).toString();

/** Headers that store attributes. */
export function attributeHeaders({ contentType, note, tags }: Attributes): Record<string, string> {
  return {
    'content-type': contentType,
    ...(note !== undefined && { 'x-amz-meta-note': note }),
    ...(Object.keys(tags).length > 0 && { 'x-amz-tagging': formatTags(tags) }),
  };
}

/**
 * What every answer that shows a version says of it.
 *
 * @param bucket undefined: a snapshot, whose version ids are the server's to tell
 * @param named the request did
 */
export function expectShown(
  { headers }: S3Response,
  bucket: ModelBucket | undefined,
  { version, named }: { version: Data; named: boolean },
): void {
  const count = Object.keys(version.tags).length;
  const told = named || (bucket !== undefined && bucket.versioning !== 'never');
  assert.deepEqual(
    {
      etag: unquote(headers['etag']),
      id: bucket === undefined ? undefined : headers['x-amz-version-id'],
      type: headers['content-type'],
      note: headers['x-amz-meta-note'],
      tags: headers['x-amz-tagging-count'],
      marker: headers['x-amz-delete-marker'],
    },
    {
      etag: version.etag,
      id: told ? version.id : undefined,
      type: version.contentType,
      note: version.note,
      tags: count === 0 ? undefined : String(count),
      marker: undefined,
    },
  );
  expectDate(version, Date.parse(headers['last-modified'] ?? ''));
}

/** The date is told in whole seconds or finer, and never changes. */
export function expectDate({ seen }: Data, ms: number): void {
  const date = new Date(Math.floor(ms / 1000) * 1000).toISOString();
  seen.modified ??= date;
  assert.equal(date, seen.modified, 'the date of a version has changed');
}
