/**
 * @module GetBucketVersioning: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { startTestServer } from '../support/server.ts';
import { setVersioning } from '../support/versions.ts';
import { elements, texts } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

test('a bucket that never had versions has no status', async () => {
  const response = await s3.bucket('GET', bucket, { query: 'versioning' });
  expectStatus(response, 200);
  assert.match(response.headers['content-type'] ?? '', /^application\/xml/);
  assert.deepEqual(elements(response.text, 'VersioningConfiguration'), ['']);
});

test('the status is the one that was set last, and no other bucket’s', async () => {
  const other = await s3.freshBucket();
  for (const status of ['Suspended', 'Enabled'] as const) {
    await setVersioning(s3, bucket, status);
    const response = await s3.bucket('GET', bucket, { query: 'versioning' });
    assert.deepEqual(texts(response.text, 'Status'), [status]);
    assert.deepEqual(texts((await s3.bucket('GET', other, { query: 'versioning' })).text, 'Status'), []);
  }
});

test('callers who may not, and what is not there', async () => {
  expectError(
    await s3.bucket('GET', bucket, { query: 'versioning', auth: 'anonymous' }),
    403,
    'AccessDenied',
  );
  expectError(await s3.bucket('GET', 'no-such-bucket-here', { query: 'versioning' }), 404, 'NoSuchBucket');
  expectError(await s3.bucket('GET', bucket, { query: 'versioning&unheard-of=1' }), 501, 'NotImplemented');
});
