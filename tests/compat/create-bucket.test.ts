/**
 * @module CreateBucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus } from '../support/expect.ts';
import { md5Base64, type S3RequestOptions } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

function configuration(inner: string): string {
  return `<CreateBucketConfiguration xmlns="${NAMESPACE}">${inner}</CreateBucketConfiguration>`;
}

async function exists(bucket: string): Promise<boolean> {
  return (await s3.bucket('HEAD', bucket)).status === 200;
}

async function refuses(
  bucket: string,
  options: S3RequestOptions,
  status: number,
  ...codes: string[]
): Promise<void> {
  expectError(await s3.bucket('PUT', bucket, options), status, ...codes);
  assert.equal(await exists(bucket), false, `${bucket} was created by a refused request`);
}

test('creates a bucket and answers with its location', async () => {
  const response = await s3.bucket('PUT', 'create-one');
  expectStatus(response, 200);
  assert.equal(response.headers['location'], '/create-one');
  assert.equal(response.body.length, 0);
  assert.ok(await exists('create-one'));
});

test('a trailing slash names the same bucket', async () => {
  expectStatus(await s3.send('PUT', '/create-slash/'), 200);
  assert.ok(await exists('create-slash'));
});

test('creating one’s own bucket again succeeds and keeps its objects, as in us-east-1', async () => {
  await s3.bucket('PUT', 'create-twice');
  await s3.put('create-twice', 'kept', 'here');
  expectStatus(await s3.bucket('PUT', 'create-twice'), 200);
  assert.equal((await s3.object('GET', 'create-twice', 'kept')).text, 'here');
});

test('names of 3 and 63 characters, with dots, hyphens and digits, are good', async () => {
  for (const name of ['abc', '0ab', 'a.b-c', 'my.bucket.name', 'a'.repeat(63), '1.2.3.4.5']) {
    expectStatus(await s3.bucket('PUT', name), 200);
  }
});

test('names outside S3’s rules are refused', async () => {
  const bad = [
    'ab',
    'a'.repeat(64),
    'Upper-case',
    'under_score',
    '-begins-with-hyphen',
    'ends-with-hyphen-',
    '.begins-with-dot',
    'ends-with-dot.',
    'two..dots',
    '192.168.5.4',
    'xn--reserved',
    'sthree-reserved',
    'amzn-s3-demo-reserved',
    'reserved-s3alias',
    'reserved--ol-s3',
    'reserved.mrap',
    'reserved--x-s3',
    'reserved--table-s3',
    'b%C3%BCcket',
    'sp%20ace',
  ];
  for (const name of bad) {
    const response = await s3.send('PUT', `/${name}`);
    assert.equal(response.errorCode, 'InvalidBucketName', `${name}: ${response.status} ${response.text}`);
    assert.equal(response.status, 400);
  }
});

test('the location constraint may name the server’s region, or be left out', async () => {
  const bodies = [
    '',
    configuration(''),
    configuration(`<LocationConstraint>${s3.region}</LocationConstraint>`),
    `<?xml version="1.0" encoding="UTF-8"?>\n<CreateBucketConfiguration><LocationConstraint/></CreateBucketConfiguration>`,
  ];
  for (const [index, body] of bodies.entries()) {
    expectStatus(await s3.bucket('PUT', `create-location-${index}`, { body }), 200);
  }
});

test('another region is refused', async () => {
  for (const region of ['eu-west-1', 'mars-north-1']) {
    const body = configuration(`<LocationConstraint>${region}</LocationConstraint>`);
    await refuses(
      'create-elsewhere',
      { body },
      400,
      'IllegalLocationConstraintException',
      'InvalidLocationConstraint',
    );
  }
});

test('malformed XML is refused', async () => {
  const bodies = [
    'not xml',
    '<CreateBucketConfiguration>',
    '<Other/>',
    configuration('<LocationConstraint>a</LocationConstrain>'),
    `<!DOCTYPE x [<!ENTITY e "us-east-1">]>${configuration('<LocationConstraint>&e;</LocationConstraint>')}`,
    configuration('<Unknown>1</Unknown>'),
    `${configuration('')}trailing`,
  ];
  for (const body of bodies) await refuses('create-malformed', { body }, 400, 'MalformedXML');
});

test('a body far above what the operation needs is refused', async () => {
  const body = configuration(' '.repeat(9 << 20));
  const response = await s3.bucket('PUT', 'create-huge', { body });
  assert.ok([400, 413].includes(response.status), String(response.status));
  // The rest is not read: whoever has sent it all the same must not send the next request behind it.
  assert.equal(response.headers['connection'], 'close');
  assert.equal(await exists('create-huge'), false);
});

test('digests of the body are verified', async () => {
  const body = configuration('');
  expectStatus(
    await s3.bucket('PUT', 'create-digest', { body, headers: { 'content-md5': md5Base64(body) } }),
    200,
  );
  const wrong = { 'content-md5': md5Base64('other') };
  await refuses('create-bad-digest', { body, headers: wrong }, 400, 'BadDigest');
  await refuses('create-bad-digest', { body, headers: { 'content-md5': 'abc' } }, 400, 'InvalidDigest');
  await refuses('create-bad-digest', { body, payload: 'a'.repeat(64) }, 400, 'XAmzContentSHA256Mismatch');
});

test('what is not supported is refused, not ignored', async () => {
  const headers: Record<string, string>[] = [
    { 'x-amz-acl': 'public-read' },
    { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
    { 'x-amz-bucket-object-lock-enabled': 'true' },
    { 'x-amz-object-ownership': 'ObjectWriter' },
    { 'x-amz-unheard-of': '1' },
    { 'x-cistern-unheard-of': '1' },
  ];
  for (const one of headers) await refuses('create-unsupported', { headers: one }, 501, 'NotImplemented');
  const tagged = configuration('<Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>');
  await refuses('create-unsupported', { body: tagged }, 501, 'NotImplemented');
  await refuses('create-unsupported', { query: { unknown: '1' } }, 501, 'NotImplemented');
});

test('headers that ask for what the server does anyway are accepted', async () => {
  const headers = {
    'x-amz-acl': 'private',
    'x-amz-bucket-object-lock-enabled': 'false',
    'x-amz-object-ownership': 'BucketOwnerEnforced',
  };
  expectStatus(await s3.bucket('PUT', 'create-defaults', { headers }), 200);
});

test('an unknown canned ACL is an invalid argument', async () => {
  await refuses('create-acl', { headers: { 'x-amz-acl': 'everyone' } }, 400, 'InvalidArgument');
});

test('anonymous callers create nothing', async () => {
  await refuses('create-anonymous', { auth: 'anonymous' }, 403, 'AccessDenied');
});

test('of many creators at once all succeed, and one bucket is there', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => s3.bucket('PUT', 'create-together')));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const list = await s3.send('GET', '/', { query: { prefix: 'create-together' } });
  assert.equal(text(list.text, 'Name'), 'create-together');
});
