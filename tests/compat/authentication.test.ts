/**
 * @module Who a request comes from: signatures in the header.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectError, expectStatus, leavesUnchanged } from '../support/expect.ts';
import { type HeaderList, objectPath, type S3RequestOptions, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');
const minutes = 60_000;

function get(options: S3RequestOptions): Promise<S3Response> {
  return s3.object('GET', bucket, 'key', options);
}

/** Sends a well-signed GET whose headers were bent afterwards. */
function getBent(bend: (name: string, value: string) => string | undefined): Promise<S3Response> {
  const request = s3.prepare('GET', objectPath(bucket, 'key'));
  const headers: [string, string][] = [];
  for (const [name, value] of request.headers) {
    const bent = bend(name, value);
    if (bent !== undefined) headers.push([name, bent]);
  }
  const host = headers.find(([name]) => name === 'host')?.[1] ?? s3.host;
  const others = headers.filter(([name]) => name !== 'host');
  return s3.send('GET', request.target, { auth: 'anonymous', host, unsignedHeaders: others });
}

function getWithAuthorization(bend: (authorization: string) => string): Promise<S3Response> {
  return getBent((name, value) => (name === 'authorization' ? bend(value) : value));
}

test('a well-signed request is served', async () => {
  expectStatus(await get({}), 200);
  expectStatus(await getBent((_, value) => value), 200);
});

test('an unknown access key', async () => {
  const credentials = { ...s3.credentials, accessKeyId: 'AKIANOSUCHKEY0000000' };
  const response = await get({ credentials });
  expectError(response, 403, 'InvalidAccessKeyId');
  assert.equal(text(response.text, 'AWSAccessKeyId'), 'AKIANOSUCHKEY0000000');
});

test('a wrong secret', async () => {
  const credentials = { ...s3.credentials, secretAccessKey: `${s3.credentials.secretAccessKey}x` };
  const response = await get({ credentials });
  expectError(response, 403, 'SignatureDoesNotMatch');
  assert.ok(!response.text.includes(s3.credentials.secretAccessKey), 'the answer shows the secret');
});

test('a signature of another request', async () => {
  await s3.put(bucket, 'other', 'value');
  const signed = s3.prepare('GET', objectPath(bucket, 'key'));
  const headers = signed.headers.filter(([name]) => name !== 'host');
  const replay = (method: string, path: string): Promise<S3Response> =>
    s3.send(method, path, { auth: 'anonymous', unsignedHeaders: headers });
  expectStatus(await replay('GET', signed.target), 200);
  expectError(await replay('GET', objectPath(bucket, 'other')), 403, 'SignatureDoesNotMatch');
  expectError(await replay('GET', `${signed.target}?versionId=null`), 403, 'SignatureDoesNotMatch');
  expectError(await replay('DELETE', signed.target), 403, 'SignatureDoesNotMatch');
  expectStatus(await get({}), 200);
});

test('a signed header that was changed or added to', async () => {
  const nextSecond = (date: string): string => {
    const second = (Number(date.slice(13, 15)) + 1) % 60;
    return `${date.slice(0, 13)}${String(second).padStart(2, '0')}Z`;
  };
  const redated = await getBent((name, value) => (name === 'x-amz-date' ? nextSecond(value) : value));
  expectError(redated, 403, 'SignatureDoesNotMatch');

  await leavesUnchanged(s3, bucket, async () => {
    const request = s3.prepare('PUT', objectPath(bucket, 'bent'), {
      headers: { 'x-amz-meta-a': '1' },
      body: 'x',
    });
    for (const value of ['2', '1,1', '']) {
      const bent = request.headers
        .filter(([name]) => name !== 'host')
        .map(([name, old]): [string, string] => [name, name === 'x-amz-meta-a' ? value : old]);
      const put = await s3.send('PUT', request.target, {
        auth: 'anonymous',
        unsignedHeaders: bent,
        body: 'x',
      });
      expectError(put, 403, 'SignatureDoesNotMatch');
    }
  });
});

test('another host than the signed one', async () => {
  expectError(
    await getBent((name, value) => (name === 'host' ? `x${value}` : value)),
    403,
    'SignatureDoesNotMatch',
  );
});

test('a clock that is off by less than fifteen minutes is tolerated, more is not', async () => {
  for (const off of [-14, 14]) expectStatus(await get({ now: Date.now() + off * minutes }), 200);
  for (const off of [-16, 16, -60 * 24 * 8]) {
    const response = await get({ now: Date.now() + off * minutes });
    expectError(response, 403, 'RequestTimeTooSkewed');
    assert.ok(text(response.text, 'RequestTime'));
    assert.ok(text(response.text, 'ServerTime'));
    assert.equal(text(response.text, 'MaxAllowedSkewMilliseconds'), '900000');
  }
});

test('every x-amz-* and x-cistern-* header must be signed', async () => {
  await leavesUnchanged(s3, bucket, async () => {
    const names = [
      'x-amz-meta-injected',
      'x-amz-acl',
      'x-amz-copy-source',
      'x-amz-tagging',
      'x-cistern-anything',
    ];
    for (const name of names) {
      const response = await s3.object('PUT', bucket, 'unsigned', {
        body: 'x',
        unsignedHeaders: [[name, 'private']],
      });
      expectError(response, 403, 'AccessDenied');
      assert.equal(text(response.text, 'HeadersNotSigned'), name);
    }
  });
});

test('other headers may be unsigned', async () => {
  const unsignedHeaders: HeaderList = [
    ['content-type', 'text/plain'],
    ['cache-control', 'no-cache'],
    ['x-forwarded-for', '10.0.0.1'],
  ];
  expectStatus(await s3.object('PUT', bucket, 'loose', { body: 'x', unsignedHeaders }), 200);
  assert.equal((await s3.object('HEAD', bucket, 'loose')).headers['content-type'], 'text/plain');
});

test('host must be among the signed headers', async () => {
  const response = await getWithAuthorization((value) =>
    value.replace(/SignedHeaders=host;?/, 'SignedHeaders='),
  );
  expectError(response, 403, 'AccessDenied', 'SignatureDoesNotMatch');
});

test('neither signature nor key: anonymous, and nothing is open', async () => {
  expectError(await get({ auth: 'anonymous' }), 403, 'AccessDenied');
});

test('authorization headers that are malformed', async () => {
  const bends: [(value: string) => string, number, ...string[]][] = [
    [(value) => value.replace(/Credential=[^,]*,/, ''), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace(/SignedHeaders=[^,]*,/, ''), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace(/,\s*Signature=.*/, ''), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace(/Signature=.*/, 'Signature=short'), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace('/aws4_request', '/aws5_request'), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace('/s3/', '/sqs/'), 400, 'AuthorizationHeaderMalformed'],
    [(value) => value.replace(/\/\d{8}\//, '/20130524/'), 400, 'AuthorizationHeaderMalformed'],
    [
      (value) => value.replace(/Credential=[^,]*/, 'Credential=only-a-key'),
      400,
      'AuthorizationHeaderMalformed',
    ],
    [() => 'AWS4-HMAC-SHA256', 400, 'AuthorizationHeaderMalformed'],
    [() => 'Basic YTpi', 400, 'InvalidArgument'],
    [() => 'Bearer token', 400, 'InvalidArgument'],
  ];
  for (const [bend, status, ...codes] of bends)
    expectError(await getWithAuthorization(bend), status, ...codes);
});

test('another region is refused, and the right one is told', async () => {
  const response = await get({ region: 'eu-west-1' });
  expectError(response, 400, 'AuthorizationHeaderMalformed');
  assert.equal(text(response.text, 'Region'), s3.region);
});

test('signature version 2 is refused, in the header and in the query', async () => {
  const unsignedHeaders: HeaderList = [['authorization', 'AWS AKIA:c2lnbmF0dXJl']];
  expectError(await get({ auth: 'anonymous', unsignedHeaders }), 400, 'InvalidRequest');
  const query = 'AWSAccessKeyId=AKIA&Expires=9999999999&Signature=c2lnbmF0dXJl';
  expectError(await get({ auth: 'anonymous', query }), 400, 'InvalidRequest');
});

test('two mechanisms at once are refused', async () => {
  const presigned = s3.prepare('GET', objectPath(bucket, 'key'), { auth: 'presigned' });
  expectError(await s3.send('GET', presigned.target), 400, 'InvalidArgument');
});

test('no date, or one that is none', async () => {
  for (const value of [undefined, 'yesterday']) {
    const response = await getBent((name, old) => (name === 'x-amz-date' ? value : old));
    expectError(response, 403, 'AccessDenied');
  }
});

test('session tokens are refused: there are none', async () => {
  expectError(await get({ headers: { 'x-amz-security-token': 'token' } }), 400, 'InvalidToken');
});

test('x-amz-content-sha256 is a hash or one of S3’s words', async () => {
  for (const payload of ['nonsense', 'a'.repeat(63), 'g'.repeat(64)]) {
    expectError(await get({ payload }), 400, 'InvalidArgument');
  }
});

test('keys and queries that clients encode differently verify', async () => {
  const key = 'a b+c~d/ü*(x)!';
  await s3.put(bucket, key, 'found');
  const paths = [
    'a%20b%2Bc~d/%C3%BC%2A%28x%29%21',
    'a%20b+c%7Ed/%c3%bc*(x)!',
    'a%20b%2bc~d%2F%C3%BC*%28x%29%21',
  ];
  for (const path of paths) {
    const response = await s3.send('GET', `/${bucket}/${path}`);
    assert.deepEqual([response.status, response.text], [200, 'found'], path);
  }
});

test('errors do not tell whether a bucket or a key exists to those who may not know', async () => {
  const credentials = { ...s3.credentials, secretAccessKey: 'wrong' };
  for (const [name, key] of [
    [bucket, 'key'],
    [bucket, 'missing'],
    ['no-such-bucket-here', 'key'],
  ] as const) {
    expectError(await s3.object('GET', name, key, { auth: 'anonymous' }), 403, 'AccessDenied');
    expectError(await s3.object('GET', name, key, { credentials }), 403, 'SignatureDoesNotMatch');
  }
});
