/**
 * @module Assertions that many compatibility tests share.
 */

import assert from 'node:assert/strict';

import type { S3, S3Response } from './s3.ts';
import { elements, text } from './xml.ts';

/** An answer that succeeded with exactly this status. */
export function expectStatus(response: S3Response, status: number): void {
  assert.equal(
    response.status,
    status,
    `expected ${status}, got ${response.status}: ${response.text.slice(0, 600)}`,
  );
}

/** S3's XML error, whole: status, code, message and request id. Several codes where S3's pages leave the choice. */
export function expectError(response: S3Response, status: number, ...codes: string[]): void {
  const shown = response.text.slice(0, 600);
  assert.equal(
    response.status,
    status,
    `expected ${status} ${codes.join('|')}, got ${response.status}: ${shown}`,
  );
  assert.ok(
    codes.includes(response.errorCode ?? ''),
    `expected ${codes.join('|')}, got ${response.errorCode}: ${shown}`,
  );
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.match(response.text, /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<Error>/);
  assert.ok(text(response.text, 'Message'), 'an error says what is wrong');
  assert.equal(text(response.text, 'RequestId'), response.headers['x-amz-request-id']);
}

/** An error to HEAD: its status, and no body to explain it. */
export function expectBareError(response: S3Response, status: number): void {
  assert.equal(response.status, status);
  assert.equal(response.body.length, 0);
  assert.ok(response.headers['x-amz-request-id']);
}

/** What a bucket holds: `key etag size`, in the order listed. For small buckets. */
export async function contents(s3: S3, bucket: string): Promise<string[]> {
  const response = await s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
  expectStatus(response, 200);
  return elements(response.text, 'Contents').map(
    (entry) => `${text(entry, 'Key')} ${text(entry, 'ETag')} ${text(entry, 'Size')}`,
  );
}

/** Runs what must fail, and holds the bucket to what it was before. */
export async function leavesUnchanged(s3: S3, bucket: string, fails: () => Promise<void>): Promise<void> {
  const before = await contents(s3, bucket);
  await fails();
  assert.deepEqual(await contents(s3, bucket), before, 'a refused request changed the bucket');
}
