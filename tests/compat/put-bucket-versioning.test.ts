/**
 * @module PutBucketVersioning: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import type { S3RequestOptions, S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { history, putVersion, setVersioning, versioningDocument } from '../support/versions.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

function put(body: string, options: S3RequestOptions = {}): Promise<S3Response> {
  return s3.bucket('PUT', bucket, { query: 'versioning', body, ...options });
}

async function status(): Promise<string | undefined> {
  return text((await s3.bucket('GET', bucket, { query: 'versioning' })).text, 'Status');
}

test('malformed and illegal configurations change nothing', async () => {
  const malformed = [
    '',
    'x',
    '<VersioningConfiguration>',
    versioningDocument('Enabled').replaceAll('Status', 'S'),
  ];
  for (const body of malformed) {
    const answer = await put(body);
    assert.equal(answer.status, 400, answer.text);
    assert.ok(['MalformedXML', 'MissingRequestBodyError'].includes(answer.errorCode ?? ''), answer.text);
  }
  for (const illegal of ['enabled', 'Off', 'Disabled', '']) {
    expectError(await put(versioningDocument(illegal)), 400, 'MalformedXML');
  }
  expectError(await put('<VersioningConfiguration/>'), 400, 'IllegalVersioningConfigurationException');
  const mfa = versioningDocument('Enabled').replace('</V', '<MfaDelete>Enabled</MfaDelete></V');
  expectError(await put(mfa), 501, 'NotImplemented');
  expectError(
    await put(versioningDocument('Enabled'), { headers: { 'x-amz-mfa': 'serial 1' } }),
    501,
    'NotImplemented',
  );
  expectError(
    await put(versioningDocument('Enabled'), { headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } }),
    400,
    'BadDigest',
  );
  assert.equal(await status(), undefined);
});

test('callers who may not, and buckets that are not there', async () => {
  const body = versioningDocument('Enabled');
  expectError(await put(body, { auth: 'anonymous' }), 403, 'AccessDenied');
  const headers = { 'x-amz-expected-bucket-owner': '000000000000' };
  expectError(await put(body, { headers }), 403, 'AccessDenied');
  const absent = await s3.bucket('PUT', 'no-such-bucket-here', { query: 'versioning', body });
  expectError(absent, 404, 'NoSuchBucket');
  assert.equal(await status(), undefined);
});

test('enabled, suspended and enabled again, each holding for the next request', async () => {
  const ids: string[] = [];
  for (const chosen of ['Enabled', 'Suspended', 'Enabled'] as const) {
    await setVersioning(s3, bucket, chosen);
    assert.equal(await status(), chosen);
    ids.push(await putVersion(s3, bucket, 'k', chosen));
  }
  assert.equal(ids[1], 'null');
  assert.notEqual(ids[0], ids[2]);
  assert.deepEqual(await history(s3, bucket), [`k ${ids[2]} latest`, 'k null', `k ${ids[0]}`]);
});

test('the same again changes nothing, and MfaDelete may be said to be disabled', async () => {
  const body = versioningDocument('Enabled').replace('</V', '<MfaDelete>Disabled</MfaDelete></V');
  expectStatus(await put(body), 200);
  expectStatus(await put(body), 200);
  assert.equal(await status(), 'Enabled');
});
