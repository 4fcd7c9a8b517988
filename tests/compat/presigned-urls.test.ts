/**
 * @module Who a request comes from: signatures in the query.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import {
  type HeaderList,
  objectPath,
  type S3RequestOptions,
  type S3Response,
  sha256Hex,
} from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');
const WEEK_S = 604_800;

function get(options: S3RequestOptions = {}): Promise<S3Response> {
  return s3.object('GET', bucket, 'key', { auth: 'presigned', ...options });
}

/** Sends a presigned URL that was changed after signing. */
function getBent(bend: (target: string) => string, options: S3RequestOptions = {}): Promise<S3Response> {
  const { target } = s3.prepare('GET', objectPath(bucket, 'key'), { auth: 'presigned', ...options });
  return s3.send('GET', bend(target), { auth: 'anonymous' });
}

function setParameter(name: string, value: string): (target: string) => string {
  return (target) => target.replace(new RegExp(`${name}=[^&]*`), `${name}=${value}`);
}

test('a URL serves GET, HEAD, PUT and DELETE, each as it was signed', async () => {
  assert.equal((await get()).text, 'value');
  const options: S3RequestOptions = { auth: 'presigned' };
  expectStatus(await s3.object('PUT', bucket, 'by-url', { ...options, body: 'put' }), 200);
  expectStatus(await s3.object('HEAD', bucket, 'by-url', options), 200);
  assert.equal((await s3.object('GET', bucket, 'by-url', options)).text, 'put');
  expectStatus(await s3.object('DELETE', bucket, 'by-url', options), 204);
  expectError(await s3.object('GET', bucket, 'by-url', options), 404, 'NoSuchKey');
});

test('it may be used twice, and lists too', async () => {
  const { target } = s3.prepare('GET', `/${bucket}`, {
    auth: 'presigned',
    query: { 'list-type': '2', prefix: 'k' },
  });
  for (let i = 0; i < 2; i++) {
    const response = await s3.send('GET', target, { auth: 'anonymous' });
    expectStatus(response, 200);
    assert.equal(text(response.text, 'Key'), 'key');
  }
});

test('it serves no other method, key or query', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const { target } = s3.prepare('GET', objectPath(bucket, 'key'), { auth: 'presigned' });
    const use = (method: string, bent: string) => s3.send(method, bent, { auth: 'anonymous', body: '' });
    expectError(await use('PUT', target), 403, 'SignatureDoesNotMatch');
    expectError(await use('DELETE', target), 403, 'SignatureDoesNotMatch');
  });
  expectError(await getBent((target) => target.replace('/key?', '/other?')), 403, 'SignatureDoesNotMatch');
  expectError(await getBent((target) => `${target}&response-content-type=a`), 403, 'SignatureDoesNotMatch');
  expectError(await getBent((target) => `${target}&versionId=null`), 403, 'SignatureDoesNotMatch');
});

test('a wrong signature', async () => {
  const wrong = setParameter('X-Amz-Signature', 'a'.repeat(64));
  expectError(await getBent(wrong), 403, 'SignatureDoesNotMatch');
});

test('an expired URL', async () => {
  const response = await get({ now: Date.now() - 60_000, expiresS: 30 });
  expectError(response, 403, 'AccessDenied');
  assert.match(response.text, /expired/);
  expectStatus(await get({ now: Date.now() - 60_000, expiresS: 90 }), 200);
});

test('seven days and no longer', async () => {
  expectStatus(await get({ expiresS: WEEK_S }), 200);
  expectStatus(await get({ expiresS: WEEK_S, now: Date.now() - (WEEK_S - 3600) * 1000 }), 200);
  for (const expiresS of [WEEK_S + 1, 0, -1]) {
    expectError(await get({ expiresS }), 400, 'AuthorizationQueryParametersError');
  }
  expectError(await getBent(setParameter('X-Amz-Expires', 'soon')), 400, 'AuthorizationQueryParametersError');
});

test('a URL from the future', async () => {
  expectError(await get({ now: Date.now() + 20 * 60_000 }), 403, 'AccessDenied');
  expectStatus(await get({ now: Date.now() + 5 * 60_000 }), 200);
});

test('parameters that are missing, malformed or doubled', async () => {
  const names = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'];
  for (const name of names) {
    const without = await getBent((target) =>
      target.replace(new RegExp(`X-Amz-${name}=[^&]*&?`), '').replace(/&$/, ''),
    );
    assert.ok([400, 403].includes(without.status), `without ${name}: ${without.status}`);
    const codes = ['AuthorizationQueryParametersError', 'AccessDenied', 'InvalidRequest'];
    assert.ok(codes.includes(without.errorCode ?? ''), `without ${name}: ${without.text}`);
  }
  const bends: [string, string][] = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1'],
    ['X-Amz-Credential', 'nonsense'],
    ['X-Amz-Date', 'yesterday'],
    ['X-Amz-Signature', 'short'],
  ];
  for (const [name, value] of bends) {
    expectError(await getBent(setParameter(name, value)), 400, 'AuthorizationQueryParametersError');
  }
  const doubled = await getBent((target) => `${target}&X-Amz-Expires=900`);
  assert.ok([400, 403].includes(doubled.status), doubled.text);
});

test('another region, service or day in the scope', async () => {
  expectError(await get({ region: 'eu-west-1' }), 400, 'AuthorizationQueryParametersError');
  for (const [from, to] of [
    ['%2Fs3%2F', '%2Fsqs%2F'],
    [/%2F\d{8}%2F/, '%2F20130524%2F'],
  ] as const) {
    expectError(
      await getBent((target) => target.replace(from, to)),
      400,
      'AuthorizationQueryParametersError',
    );
  }
});

test('an unknown access key, a session token', async () => {
  const credentials = { ...s3.credentials, accessKeyId: 'AKIANOSUCHKEY0000000' };
  expectError(await get({ credentials }), 403, 'InvalidAccessKeyId');
  expectError(await get({ query: { 'X-Amz-Security-Token': 'token' } }), 400, 'InvalidToken');
});

test('headers that were not signed cannot change what the URL does', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const extra: HeaderList = [
      ['x-amz-copy-source', `/${bucket}/key`],
      ['x-amz-meta-injected', '1'],
      ['x-amz-acl', 'private'],
      ['x-amz-tagging', 'a=1'],
      ['x-cistern-anything', '1'],
    ];
    for (const header of extra) {
      const response = await s3.object('PUT', bucket, 'stolen', {
        auth: 'presigned',
        body: 'x',
        unsignedHeaders: [header],
      });
      expectError(response, 403, 'AccessDenied');
      assert.equal(text(response.text, 'HeadersNotSigned'), header[0]);
    }
  });
});

test('headers that were signed must come, unchanged', async () => {
  const headers = { 'x-amz-meta-a': '1', 'content-type': 'text/plain' };
  expectStatus(
    await s3.object('PUT', bucket, 'with-headers', { auth: 'presigned', headers, body: 'x' }),
    200,
  );
  const { target } = s3.prepare('PUT', objectPath(bucket, 'with-headers-2'), { auth: 'presigned', headers });
  const use = (list: HeaderList) =>
    s3.send('PUT', target, { auth: 'anonymous', body: 'x', unsignedHeaders: list });
  await leavesUnchanged(s3, bucket, async () => {
    expectError(await use([]), 403, 'SignatureDoesNotMatch', 'AccessDenied');
    expectError(
      await use([
        ['x-amz-meta-a', '2'],
        ['content-type', 'text/plain'],
      ]),
      403,
      'SignatureDoesNotMatch',
    );
    expectError(
      await use([
        ['x-amz-meta-a', '1'],
        ['content-type', 'text/html'],
      ]),
      403,
      'SignatureDoesNotMatch',
    );
  });
});

test('a URL that was signed for one body takes no other', async () => {
  const payload = sha256Hex('right');
  expectStatus(await s3.object('PUT', bucket, 'bound', { auth: 'presigned', payload, body: 'right' }), 200);
  await leavesUnchanged(s3, bucket, async () => {
    const response = await s3.object('PUT', bucket, 'bound', { auth: 'presigned', payload, body: 'wrong' });
    expectError(response, 400, 'XAmzContentSHA256Mismatch');
  });
});

test('a hash of the body under a name in small letters is not taken for one that was checked', async () => {
  const put = (hash: string) =>
    s3.object('PUT', bucket, 'small-letters', {
      auth: 'presigned',
      query: { 'x-amz-content-sha256': hash },
      body: 'x',
    });
  expectError(await put('a'.repeat(64)), 400, 'InvalidArgument');
  expectStatus(await put('UNSIGNED-PAYLOAD'), 200);
});

test('the parameters of the signature are no part of the operation', async () => {
  const response = await s3.send('GET', '/', { auth: 'presigned', query: { prefix: bucket } });
  expectStatus(response, 200);
  assert.equal(text(response.text, 'Name'), bucket);
});
