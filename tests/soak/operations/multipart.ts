/** @module Multipart uploads of the soak: completed, with parts that are sent again or copied, and given up. */

import assert from 'node:assert/strict';

import { encodeKey } from '@cistern/protocol';

import { expectError, expectStatus } from '../../support/expect.ts';
import { MultipartUpload, PART_BYTES } from '../../support/multipart.ts';
import type { ListedPart } from '../../support/multipart.ts';
import { text } from '../../support/xml.ts';
import { pickBytes, sizeOf } from '../content.ts';
import type { Lane } from '../lane.ts';

/** Most parts are small: only the last may be, so most uploads are of one. */
export async function multipart(lane: Lane): Promise<void> {
  const bucket = lane.anyBucket();
  const large = lane.pick(12) === 0;
  const size = large ? 'large' : 'medium';
  const key = lane.keyFor(size);
  const upload = await MultipartUpload.begin(lane.s3, bucket.name, key);
  const content: Buffer[] = [];
  const parts: ListedPart[] = [];
  const send = async (bytes: Buffer): Promise<void> => {
    if (lane.pick(6) === 0) await upload.part(parts.length + 1, lane.bytes('small'));
    content.push(bytes);
    parts.push(await upload.part(parts.length + 1, bytes));
  };
  if (large) {
    await send(pickBytes(lane.pick, PART_BYTES));
    await send(pickBytes(lane.pick, PART_BYTES + lane.pick(PART_BYTES)));
  }
  await send(lane.bytes(large ? 'small' : 'medium'));
  if (lane.pick(3) === 0) {
    expectStatus(await upload.abort(), 204);
    expectError(await upload.list(), 404, 'NoSuchUpload');
    return;
  }
  const response = await upload.complete(parts);
  expectStatus(response, 200);
  const etag = text(response.text, 'ETag') ?? '';
  assert.match(etag, new RegExp(`-${parts.length}"$`));
  await lane.wrote(bucket, key, {
    content,
    response: { ...response, headers: { ...response.headers, etag } },
  });
}

/** An object of another, and of bytes behind it. */
export async function copyPart(lane: Lane): Promise<void> {
  const source = lane.held(lane.plain);
  if (source === undefined || sizeOf(source.version.content) === 0) return;
  const key = lane.keyFor('medium');
  const upload = await MultipartUpload.begin(lane.s3, lane.plain.name, key);
  const copied = await upload.copy(1, `${lane.plain.name}/${encodeKey(source.key)}`);
  expectStatus(copied, 200);
  const part = { number: 1, etag: text(copied.text, 'ETag') ?? '' };
  const response = await upload.complete([part]);
  expectStatus(response, 200);
  const etag = text(response.text, 'ETag') ?? '';
  // As much as the source holds, which may be large.
  const content = source.version.content;
  await lane.wrote(lane.plain, key, {
    content,
    response: { ...response, headers: { ...response.headers, etag } },
  });
}
