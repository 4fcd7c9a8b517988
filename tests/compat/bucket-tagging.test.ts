/**
 * @module GetBucketTagging, PutBucketTagging and DeleteBucketTagging.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html, API_GetBucketTagging.html,
 * API_DeleteBucketTagging.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import type { S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { someTags, tagsIn, taggingDocument, type Tags } from '../support/tags.ts';

// Two HTTP threads: each keeps what it knows of a bucket.
const { s3 } = await startTestServer({ threads: 2 });
const bucket = await s3.freshBucket();

const get = (): Promise<S3Response> => s3.bucket('GET', bucket, { query: 'tagging' });
const put = (body: string): Promise<S3Response> => s3.bucket('PUT', bucket, { query: 'tagging', body });
const remove = (): Promise<S3Response> => s3.bucket('DELETE', bucket, { query: 'tagging' });

test('a bucket without tags has no set of them', async () => {
  expectError(await get(), 404, 'NoSuchTagSet');
  expectStatus(await remove(), 204);
  expectStatus(await put(taggingDocument([])), 204);
  expectError(await get(), 404, 'NoSuchTagSet');
});

test('tags are set, replaced as a whole, and deleted, and every thread knows it', async () => {
  for (const tags of [someTags(50), someTags(1), [['ü key', '']]] as Tags[]) {
    expectStatus(await put(taggingDocument(tags)), 204);
    for (const response of await Promise.all(Array.from({ length: 8 }, get))) {
      expectStatus(response, 200);
      assert.deepEqual(tagsIn(response), tags);
    }
  }
  const other = await s3.freshBucket();
  expectError(await s3.bucket('GET', other, { query: 'tagging' }), 404, 'NoSuchTagSet');
  expectStatus(await remove(), 204);
  expectError(await get(), 404, 'NoSuchTagSet');
});

test('tags that are not good change nothing', async () => {
  expectStatus(await put(taggingDocument(someTags(2))), 204);
  expectError(await put(taggingDocument(someTags(51))), 400, 'BadRequest');
  expectError(await put(taggingDocument([['aws:k', 'x']])), 400, 'InvalidTag');
  const twice: Tags = [
    ['k', '1'],
    ['k', '2'],
  ];
  expectError(await put(taggingDocument(twice)), 400, 'InvalidTag');
  expectError(await put('<Tagging>'), 400, 'MalformedXML');
  assert.deepEqual(tagsIn(await get()), someTags(2));
});

test('buckets that are not there, and callers who may not', async () => {
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const body = method === 'PUT' ? { body: taggingDocument(someTags(1)) } : {};
    const absent = await s3.bucket(method, 'no-such-bucket-here', { query: 'tagging', ...body });
    expectError(absent, 404, 'NoSuchBucket');
    const anonymous = await s3.bucket(method, bucket, { query: 'tagging', auth: 'anonymous', ...body });
    expectError(anonymous, 403, 'AccessDenied');
  }
});
