/** @module What reads objects of the soak, and holds every byte and header of it to what was written. */

import assert from 'node:assert/strict';

import { expectBareError, expectError, expectStatus } from '../../support/expect.ts';
import type { S3Response } from '../../support/s3.ts';
import { text } from '../../support/xml.ts';
import { holds, sizeOf } from '../content.ts';
import type { Lane, Version } from '../lane.ts';

function expectHeaders({ headers }: S3Response, version: Version): void {
  assert.equal(headers['etag'], version.etag);
  assert.equal(headers['x-amz-version-id'], version.id);
  assert.equal(headers['x-amz-tagging-count'], version.tags === 0 ? undefined : String(version.tags));
}

export async function get(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const key = lane.anyKey();
  const current = bucket.keys.get(key)?.at(-1);
  const auth = lane.pick(5) === 0 ? 'presigned' : 'header';
  const response = await lane.s3.object('GET', bucket.name, key, { auth });
  if (current?.content === undefined) return expectError(response, 404, 'NoSuchKey');
  expectStatus(response, 200);
  expectHeaders(response, current);
  assert.ok(holds(current.content, response.body), `${key} has other bytes`);
  assert.equal(response.body.length, sizeOf(current.content));
}

export async function getVersion(lane: Lane): Promise<void> {
  const bucket = lane.versioned;
  const key = lane.keyFor('small');
  const versions = bucket.keys.get(key) ?? [];
  const version = versions[lane.pick(Math.max(1, versions.length))];
  if (version === undefined) return;
  const query = { versionId: version.id ?? '' };
  const response = await lane.s3.object('GET', bucket.name, key, { query });
  if (version.content === undefined) return expectError(response, 405, 'MethodNotAllowed');
  expectStatus(response, 200);
  expectHeaders(response, version);
  assert.ok(holds(version.content, response.body), `${key} ${version.id} has other bytes`);
}

export async function getRange(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const found = lane.held(bucket);
  if (found === undefined) return;
  const { key, version } = found;
  const size = sizeOf(version.content);
  const start = lane.pick(Math.max(1, size));
  const end = Math.min(size, start + 1 + lane.pick(lane.pick(2) === 0 ? 1000 : 4 * 1024 * 1024)) - 1;
  const headers = { range: `bytes=${start}-${Math.max(start, end)}` };
  const response = await lane.s3.object('GET', bucket.name, key, { headers });
  if (size === 0) return expectError(response, 416, 'InvalidRange');
  expectStatus(response, 206);
  expectHeaders(response, version);
  assert.equal(response.headers['content-range'], `bytes ${start}-${end}/${size}`);
  assert.ok(holds(version.content, response.body, start), `${key} has other bytes in a range`);
}

export async function head(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const key = lane.anyKey();
  const current = bucket.keys.get(key)?.at(-1);
  const response = await lane.s3.object('HEAD', bucket.name, key);
  if (current?.content === undefined) return expectBareError(response, 404);
  expectStatus(response, 200);
  expectHeaders(response, current);
  assert.equal(response.headers['content-length'], String(sizeOf(current.content)));
}

export async function unchanged(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const found = lane.held(bucket);
  if (found === undefined) return;
  const headers = { 'if-none-match': found.version.etag };
  expectStatus(await lane.s3.object('GET', bucket.name, found.key, { headers }), 304);
  const other = { 'if-match': '"0"' };
  expectError(
    await lane.s3.object('GET', bucket.name, found.key, { headers: other }),
    412,
    'PreconditionFailed',
  );
}

export async function attributes(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const found = lane.held(bucket);
  if (found === undefined) return;
  const response = await lane.s3.object('GET', bucket.name, found.key, {
    query: { attributes: '' },
    headers: { 'x-amz-object-attributes': 'ETag,ObjectSize' },
  });
  expectStatus(response, 200);
  assert.equal(text(response.text, 'ObjectSize'), String(sizeOf(found.version.content)));
}
