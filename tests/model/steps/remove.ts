/** @module Steps that delete: one key or version, or several at once. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { md5Base64 } from '../../support/s3.ts';
import { elements, text } from '../../support/xml.ts';
import {
  bucketIndex,
  isThere,
  key,
  resolveVersion,
  step,
  versionQuery,
  versionRef,
  where,
} from '../choices.ts';
import type { VersionRef } from '../choices.ts';
import type { Model, ModelBucket } from '../model.ts';
import { nameOf, NO_SUCH_KEY, onObject, PRECONDITION, refused } from '../real.ts';
import type { Fault } from '../real.ts';

/** What the answer tells of a deletion. */
interface Told {
  readonly versionId: string | undefined;
  readonly marker: boolean;
}

/** @param made the id of the delete marker, if the server made one; judged here */
function remove(
  model: Model,
  bucket: ModelBucket,
  { key: of, id, made }: { key: string; id: string | undefined; made: string | undefined },
): Told {
  if (id !== undefined) {
    const marker = bucket.find(of, id)?.marker ?? false;
    bucket.remove(of, id);
    return { versionId: id, marker };
  }
  if (bucket.versioning === 'never') {
    bucket.remove(of, 'null');
    return { versionId: undefined, marker: false };
  }
  if (bucket.versioning === 'enabled') {
    assert.ok(made !== undefined && made !== 'null' && !model.ids.includes(made), `delete marker ${made}`);
    model.ids.push(made);
  }
  const marker = bucket.versioning === 'enabled' ? (made ?? '') : 'null';
  bucket.add(of, { marker: true, id: marker });
  return { versionId: marker, marker: true };
}

const condition = fc.constantFrom(null, null, null, 'any', 'match', 'mismatch');

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html */
export const deleteObject = step(
  'delete',
  fc.record({ ...where, ref: versionRef, condition }),
  async (params, model, real) => {
    const bucket = model.bucket(params.b);
    const id = resolveVersion(model, bucket, params);
    const current = bucket.current(params.key);
    // Conditions are about the current version: of a version that is named S3's pages say nothing.
    const asked = id === undefined ? params.condition : null;
    const faults: Fault[] = [];
    if (asked !== null && current === undefined) faults.push(NO_SUCH_KEY);
    else if (asked === 'mismatch') faults.push(PRECONDITION);
    const etag = asked === 'match' && current !== undefined ? `"${current.etag}"` : '"0"';
    const response = await onObject(real, 'DELETE', params, {
      query: versionQuery(id),
      headers: asked === null ? {} : { 'if-match': asked === 'any' ? '*' : etag },
    });
    if (refused(response, faults)) return;
    assert.equal(response.status, 204);
    const { 'x-amz-version-id': versionId, 'x-amz-delete-marker': marker } = response.headers;
    const told = remove(model, bucket, { key: params.key, id, made: versionId });
    assert.deepEqual({ versionId, marker: marker === 'true' }, told);
  },
  isThere,
);

const several = fc.array(fc.record({ key, ref: versionRef }), { minLength: 1, maxLength: 4 });

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const deleteObjects = step(
  'delete several',
  fc.record({ b: bucketIndex, several }),
  async (params, model, real) => {
    const bucket = model.bucket(params.b);
    const objects = params.several.map((one: { key: string; ref: VersionRef }) => ({
      key: one.key,
      id: resolveVersion(model, bucket, one),
    }));
    const body = `<Delete>${objects
      .map(({ key: of, id }) => {
        const version = id === undefined ? '' : `<VersionId>${id}</VersionId>`;
        return `<Object><Key>${of}</Key>${version}</Object>`;
      })
      .join('')}</Delete>`;
    const headers = { 'content-md5': md5Base64(body) };
    const response = await real.s3.bucket('POST', nameOf(real, params.b), {
      query: { delete: '' },
      body,
      headers,
    });
    refused(response, []);
    const told = elements(response.text, 'Deleted');
    assert.equal(told.length, objects.length, response.text);
    for (const [i, { key: of, id }] of objects.entries()) {
      const entry = told[i] ?? '';
      const made = text(entry, 'DeleteMarkerVersionId');
      const expected = remove(model, bucket, { key: of, id, made });
      assert.deepEqual(
        [text(entry, 'Key'), text(entry, 'VersionId'), text(entry, 'DeleteMarker') === 'true', made],
        [of, id, expected.marker, expected.marker ? expected.versionId : undefined],
      );
    }
  },
);
