/**
 * @module Tests of `authenticate` in its header form: what it accepts, and the error for every way to be refused.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { authenticate } from './authenticate.ts';
import {
  credentials,
  region,
  now,
  minuteMs,
  host,
  options,
  signed,
  check,
  refused,
  without,
  replaced,
  presigned,
  authorization,
  type Headers,
} from './authenticate.fixtures.ts';
import {
  EMPTY_SHA256,
  STREAMING_SIGNED,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from './payload-mode.ts';

test('no credentials at all is anonymous', () => {
  assert.deepEqual(check({}), { kind: 'anonymous' });
  assert.deepEqual(check({ target: '/b?prefix=Signature' }), { kind: 'anonymous' });
  assert.deepEqual(check({ headers: [host, ['authorization', '']] }), { kind: 'anonymous' });
});

test('the payload mode is what x-amz-content-sha256 says', () => {
  const payloadOf = (payload: string) => {
    const authentication = check(signed({ method: 'PUT', payload }));
    assert.ok(authentication.kind === 'signed');
    return authentication;
  };
  assert.deepEqual(payloadOf(UNSIGNED_PAYLOAD).payload, { kind: 'unsigned' });
  assert.deepEqual(payloadOf(EMPTY_SHA256).payload, { kind: 'sha256', hex: EMPTY_SHA256 });
  assert.deepEqual(payloadOf(EMPTY_SHA256.toUpperCase()).payload, { kind: 'sha256', hex: EMPTY_SHA256 });
  const unsignedStream = payloadOf(STREAMING_UNSIGNED_TRAILER);
  assert.deepEqual(unsignedStream.payload, { kind: 'chunked', signed: false, trailer: true });
  assert.equal(unsignedStream.chunkContext, undefined);
  const signedStream = payloadOf(STREAMING_SIGNED);
  assert.equal(signedStream.chunkContext?.scope, '20260301/us-east-1/s3/aws4_request');
  assert.equal(signedStream.chunkContext.amzDate, '20260301T123015Z');
});

test('every accepted region verifies, any when none are named', () => {
  assert.equal(check(signed({}, now, credentials, 'auto')).kind, 'signed');
  const elsewhere = signed({}, now, credentials, 'eu-west-9');
  const own = [region];
  assert.equal(
    refused(elsewhere, 'AuthorizationHeaderMalformed', /expecting 'us-east-1'/, { regions: own }).details
      .Region,
    region,
  );
  assert.equal(
    authenticate(
      { ...elsewhere, headers: RawHeaders.from(elsewhere.headers) },
      { now, secretFor: (id) => options.secretFor(id) },
    ).kind,
    'signed',
  );
  refused(
    { target: presigned({ region: 'eu-west-9' }) },
    'AuthorizationQueryParametersError',
    /expecting 'us-east-1'/,
  );
});

test('an access key id may contain slashes', () => {
  const as = { accessKeyId: 'team/a', secretAccessKey: 's' };
  const authentication = check(signed({}, now, as), {
    secretFor: (id) => (id === 'team/a' ? 's' : undefined),
  });
  assert.ok(authentication.kind === 'signed' && authentication.accessKeyId === 'team/a');
});

test('an unknown access key is InvalidAccessKeyId', () => {
  const as = { accessKeyId: 'NOBODY', secretAccessKey: 'x' };
  refused(signed({}, now, as), 'InvalidAccessKeyId');
  refused({ target: presigned({ credentials: as }) }, 'InvalidAccessKeyId');
});

test('a wrong secret, and a secret that has changed since, is SignatureDoesNotMatch', () => {
  const request = signed();
  assert.equal(check(request).kind, 'signed');
  refused(request, 'SignatureDoesNotMatch', undefined, { secretFor: () => 'changed' });
  assert.equal(check(request).kind, 'signed');
  const error = refused(
    signed({}, now, { ...credentials, secretAccessKey: 'wrong' }),
    'SignatureDoesNotMatch',
  );
  assert.match(error.details.StringToSign ?? '', /^AWS4-HMAC-SHA256\n20260301T123015Z\n/);
  assert.match(error.details.CanonicalRequest ?? '', /^GET\n\/bucket\/key\n/);
});

test('changing anything that was signed is SignatureDoesNotMatch', () => {
  const request = signed({
    method: 'PUT',
    target: '/bucket/key?a=1&b=2',
    headers: [host, ['x-amz-meta-a', '1']],
  });
  assert.equal(check(request).kind, 'signed');
  assert.equal(check({ ...request, target: '/bucket/key?b=2&a=1' }).kind, 'signed');
  refused({ ...request, method: 'DELETE' }, 'SignatureDoesNotMatch');
  for (const target of [
    '/bucket/other?a=1&b=2',
    '/bucket/key?a=1',
    '/bucket/key?a=1&b=3',
    '/bucket//key?a=1&b=2',
    '/bucket/./key?a=1&b=2',
    '/bucket%2Fkey?a=1&b=2',
    '/bucket/key?a=1&b=2&c',
  ]) {
    refused({ ...request, target }, 'SignatureDoesNotMatch');
  }
  for (const [name, value] of [
    ['host', 'elsewhere'],
    ['x-amz-meta-a', '2'],
    ['x-amz-content-sha256', EMPTY_SHA256],
    ['x-amz-date', '20260301T123016Z'],
  ] as const) {
    refused({ ...request, headers: replaced(request.headers, name, () => value) }, 'SignatureDoesNotMatch');
  }
  refused({ ...request, headers: [...request.headers, ['x-amz-meta-a', '1']] }, 'SignatureDoesNotMatch');
  refused({ ...request, headers: without(request.headers, 'x-amz-meta-a') }, 'SignatureDoesNotMatch');
});

test('runs of spaces and the order of other headers do not matter', () => {
  const request = signed({ headers: [host, ['x-amz-meta-a', 'a b'], ['content-type', 'text/plain']] });
  assert.equal(
    check({ ...request, headers: replaced(request.headers, 'x-amz-meta-a', () => ' a   b ') }).kind,
    'signed',
  );
  assert.equal(check({ ...request, headers: request.headers.toReversed() }).kind, 'signed');
});

test('a header value that ends in the byte 0xA0 is signed whole', () => {
  const value = Buffer.from('a  \u00e0').toString('latin1');
  const request = signed({ headers: [host, ['x-amz-meta-a', value]] });
  assert.match(value, /\u00a0$/);
  refused(
    { ...request, headers: replaced(request.headers, 'x-amz-meta-a', (v) => v.slice(0, -1)) },
    'SignatureDoesNotMatch',
  );
});

test('an unsigned x-amz-* or x-cistern-* header is refused, in both forms', () => {
  for (const name of [
    'x-amz-acl',
    'x-amz-meta-extra',
    'x-amz-copy-source',
    'x-cistern-anything',
    'x-amz-checksum-crc32',
  ]) {
    const request = signed();
    const error = refused(
      { ...request, headers: [...request.headers, [name, 'v']] },
      'AccessDenied',
      /not signed/,
    );
    assert.equal(error.details.HeadersNotSigned, name);
    const byUrl = { target: presigned(), headers: [host, [name, 'v']] as Headers };
    assert.equal(refused(byUrl, 'AccessDenied', /not signed/).details.HeadersNotSigned, name);
  }
});

test('the few headers that clients leave unsigned are accepted, and so is anything else', () => {
  const request = signed();
  for (const name of [
    'x-amz-decoded-content-length',
    'x-amz-trailer',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-checksum-algorithm',
    'content-type',
    'x-forwarded-for',
    'x-amzn-trace-id',
  ]) {
    assert.equal(check({ ...request, headers: [...request.headers, [name, 'v']] }).kind, 'signed');
  }
});

test('the checksum algorithm is signed where it chooses that of a copy, or of an upload that begins', () => {
  const unsigned: [string, string] = ['x-amz-checksum-algorithm', 'SHA256'];
  for (const request of [
    signed({ method: 'POST', target: '/bucket/key?uploads' }),
    signed({ method: 'PUT', headers: [host, ['x-amz-copy-source', 'bucket/other']] }),
  ]) {
    assert.equal(check(request).kind, 'signed');
    const error = refused(
      { ...request, headers: [...request.headers, unsigned] },
      'AccessDenied',
      /not signed/,
    );
    assert.equal(error.details.HeadersNotSigned, unsigned[0]);
  }
});

test('host must be signed', () => {
  const request = signed({ headers: [] });
  const error = refused({ ...request, headers: [host, ...request.headers] }, 'AccessDenied');
  assert.equal(error.details.HeadersNotSigned, 'host');
});

test('a clock more than fifteen minutes off is RequestTimeTooSkewed', () => {
  for (const sign of [-1, 1]) {
    assert.equal(check(signed({}, now + sign * 15 * minuteMs)).kind, 'signed');
    const error = refused(signed({}, now + sign * (15 * minuteMs + 1000)), 'RequestTimeTooSkewed');
    assert.equal(error.details.MaxAllowedSkewMilliseconds, '900000');
  }
});

test('the Date header stands in for x-amz-date', () => {
  const date: [string, string] = ['date', 'Sun, 01 Mar 2026 12:30:15 GMT'];
  const headers: Headers = [host, date, ['x-amz-content-sha256', UNSIGNED_PAYLOAD]];
  const lines = `date:${date[1]}\nhost:${host[1]}\nx-amz-content-sha256:${UNSIGNED_PAYLOAD}\n`;
  const names = 'date;host;x-amz-content-sha256';
  headers.push([
    'authorization',
    authorization(`GET\n/bucket/key\n\n${lines}\n${names}\n${UNSIGNED_PAYLOAD}`, names),
  ]);
  assert.equal(check({ headers }).kind, 'signed');
  refused({ headers: without(headers, 'date') }, 'AccessDenied', /valid Date or x-amz-date/);
  refused({ headers: replaced(headers, 'date', () => 'yesterday') }, 'AccessDenied', /valid Date/);
});

test('without x-amz-content-sha256 a request verifies both ways, and the body of a PUT is unsigned', () => {
  const lines = `host:${host[1]}\nx-amz-date:20260301T123015Z\n`;
  for (const [payload, kind] of [
    [EMPTY_SHA256, 'sha256'],
    [UNSIGNED_PAYLOAD, 'unsigned'],
  ] as const) {
    const value = authorization(
      `GET\n/bucket/key\n\n${lines}\nhost;x-amz-date\n${payload}`,
      'host;x-amz-date',
    );
    const authentication = check({
      headers: [host, ['x-amz-date', '20260301T123015Z'], ['authorization', value]],
    });
    assert.ok(authentication.kind === 'signed');
    assert.equal(authentication.payload.kind, kind);
  }
  // As curl before 8 does it.
  const value = authorization(
    `PUT\n/bucket/key\n\n${lines}\nhost;x-amz-date\n${EMPTY_SHA256}`,
    'host;x-amz-date',
  );
  const put = check({
    method: 'PUT',
    headers: [host, ['x-amz-date', '20260301T123015Z'], ['authorization', value]],
  });
  assert.ok(put.kind === 'signed');
  assert.deepEqual(put.payload, { kind: 'unsigned' });
});

test('a value of x-amz-content-sha256 that S3 does not define is InvalidArgument', () => {
  for (const payload of ['', 'abc', `${EMPTY_SHA256}0`, 'STREAMING-UNSIGNED-PAYLOAD', 'unsigned-payload']) {
    refused(signed({ method: 'PUT', payload }), 'InvalidArgument', /x-amz-content-sha256 must be/);
  }
  const twice = signed();
  refused(
    { ...twice, headers: [...twice.headers, ['x-amz-content-sha256', EMPTY_SHA256]] },
    'InvalidArgument',
  );
});

test('malformed Authorization headers', () => {
  const request = signed();
  const bad = (change: (value: string) => string, code = 'AuthorizationHeaderMalformed') =>
    refused({ ...request, headers: replaced(request.headers, 'authorization', change) }, code);
  bad(() => 'AWS4-HMAC-SHA256');
  bad(() => 'AWS4-HMAC-SHA256 Credential=x');
  bad((value) => value.replace(',SignedHeaders', ';SignedHeaders'));
  bad((value) => value.replace(/Signature=.*/, 'Signature=abc'));
  bad((value) => value.replace(/,Signature=.*/, ''));
  bad((value) => `${value},Signature=${'0'.repeat(64)}`);
  bad((value) => `${value},Other=1`);
  bad((value) => value.replace('host;', 'host;host;'));
  bad((value) => value.replace('host;', 'Host;'));
  bad((value) => value.replace('SignedHeaders=host;', 'SignedHeaders=;'));
  bad((value) => value.replace('/s3/', '/ec2/'));
  bad((value) => value.replace('aws4_request', 'aws5_request'));
  bad((value) => value.replace('/20260301/', '/20260302/'));
  bad((value) => value.replace('/20260301/', '/march/'));
  bad((value) => value.replace('/us-east-1/', '//'));
  bad((value) => value.replace('=AKTEST/', '=/'));
  bad((value) => value.replace('=AKTEST/', '='));
  bad(() => 'Basic dXNlcjpwYXNz', 'InvalidArgument');
  bad(() => 'AWS AKTEST:c2lnbmF0dXJl', 'InvalidRequest');
  bad((value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), 'NotImplemented');
  refused(
    { ...request, headers: [...request.headers, ['authorization', 'x']] },
    'AuthorizationHeaderMalformed',
  );
});

test('signature version 2 in the query is refused by name', () => {
  refused(
    { target: '/b/k?AWSAccessKeyId=A&Expires=1&Signature=s' },
    'InvalidRequest',
    /Please use AWS4-HMAC-SHA256/,
  );
});

test('security tokens are refused: none are issued', () => {
  refused(signed({ headers: [host, ['x-amz-security-token', 't']] }), 'InvalidToken');
  refused({ target: presigned({ target: '/bucket/key?X-Amz-Security-Token=t' }) }, 'InvalidToken');
});
