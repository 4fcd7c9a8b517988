/**
 * @module Tests of `authenticate`: what it accepts, and the error for every way to be refused.
 */

import fc from 'fast-check';
import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { test } from 'node:test';

import { S3Error } from '../errors.ts';
import { RawHeaders } from '../raw-headers.ts';
import { type Authentication, authenticate, type AuthenticateOptions } from './authenticate.ts';
import {
  EMPTY_SHA256,
  STREAMING_SIGNED,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from './payload-mode.ts';
import { presign, signRequest } from './sign-request.ts';
import { encodeKey, encodeQueryComponent } from './uri-encode.ts';

type Headers = [string, string][];

const credentials = { accessKeyId: 'AKTEST', secretAccessKey: 'a/secret+key' };
const region = 'us-east-1';
const now = Date.UTC(2026, 2, 1, 12, 30, 15);
const minuteMs = 60_000;
const host: [string, string] = ['host', 'localhost:9000'];

const options: AuthenticateOptions = {
  now,
  regions: [region, 'auto'],
  secretFor: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : undefined),
};

interface Given {
  method?: string;
  target?: string;
  headers?: Headers;
  payload?: string;
}

function signed(given: Given = {}, at = now, as = credentials, inRegion = region): Required<Given> {
  const { method = 'GET', target = '/bucket/key', headers = [host], payload = UNSIGNED_PAYLOAD } = given;
  const signature = signRequest({
    method,
    target,
    headers,
    payload,
    credentials: as,
    region: inRegion,
    now: at,
  });
  return { method, target, payload, headers: [...headers, ...signature.headers] };
}

function check(request: Given, changed: Partial<AuthenticateOptions> = {}): Authentication {
  const { method = 'GET', target = '/bucket/key', headers = [host] } = request;
  return authenticate({ method, target, headers: RawHeaders.from(headers) }, { ...options, ...changed });
}

function refused(
  request: Given,
  code: string,
  message?: RegExp,
  changed: Partial<AuthenticateOptions> = {},
): S3Error {
  let thrown: unknown;
  try {
    check(request, changed);
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof S3Error, 'must be refused with an S3 error');
  assert.equal(thrown.code, code);
  if (message !== undefined) assert.match(thrown.message, message);
  return thrown;
}

function without(headers: Headers, name: string): Headers {
  return headers.filter(([given]) => given !== name);
}

function replaced(headers: Headers, name: string, change: (value: string) => string): Headers {
  return headers.map(([given, value]) => [given, given === name ? change(value) : value]);
}

function presigned(given: Partial<Parameters<typeof presign>[0]> = {}): string {
  const base = {
    method: 'GET',
    target: '/bucket/key',
    host: host[1],
    expiresS: 600,
    credentials,
    region,
    now,
  };
  return presign({ ...base, ...given });
}

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
      { now, secretFor: options.secretFor },
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

/** Signs by the book and independently of the code under test: `canonical` is signed as it is. */
function authorization(canonical: string, names: string): string {
  const scope = '20260301/us-east-1/s3/aws4_request';
  let key: Buffer | string = `AWS4${credentials.secretAccessKey}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const text = `AWS4-HMAC-SHA256\n20260301T123015Z\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'))}`;
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}

function signedAs(target: string, canonicalPath: string, canonicalQuery = ''): Given {
  const lines = `host:${host[1]}\nx-amz-content-sha256:${EMPTY_SHA256}\nx-amz-date:20260301T123015Z\n`;
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = `GET\n${canonicalPath}\n${canonicalQuery}\n${lines}\n${names}\n${EMPTY_SHA256}`;
  const headers: Headers = [
    host,
    ['x-amz-content-sha256', EMPTY_SHA256],
    ['x-amz-date', '20260301T123015Z'],
    ['authorization', authorization(canonical, names)],
  ];
  return { target, headers };
}

test('clients that escape differently on the wire and in what they sign verify', () => {
  const accepted: [string, string, string?][] = [
    ['/b/a%20b', '/b/a%20b'],
    ['/b/a+b', '/b/a%2Bb'],
    ['/b/a+b', '/b/a+b'],
    ["/b/it's(1)*!", '/b/it%27s%281%29%2A%21'],
    ["/b/it's(1)*!", "/b/it's(1)*!"],
    ['/b/%7euser', '/b/~user'],
    ['/b/%7euser', '/b/%7euser'],
    ['/b/%c3%a9', '/b/%C3%A9'],
    ['/b/\u00c3\u00a9', '/b/%C3%A9'],
    ['/b//a/../c/./', '/b//a/../c/./'],
    ['/b/a%2Fb', '/b/a%2Fb'],
    ['http://localhost:9000/b/k', '/b/k'],
    ['/b?prefix=a+b&delimiter=/', '/b', 'delimiter=%2F&prefix=a%20b'],
    ['/b?prefix=a%2bb', '/b', 'prefix=a%2Bb'],
    ['/b?prefix=a/b', '/b', 'prefix=a/b'],
    ['/b?uploads', '/b', 'uploads='],
    ['/b?x=1&a=b/c', '/b', 'x=1&a=b/c'],
    ['/b?uploads', '/b', 'uploads'],
    ['/b/a+b?x=1&a=2', '/b/a+b', 'x=1&a=2'],
    ['/b?a=2&a=1&A=3', '/b', 'A=3&a=1&a=2'],
    ['/b?a-b=1&a=2', '/b', 'a=2&a-b=1'],
  ];
  for (const [target, path, query] of accepted) {
    assert.equal(check(signedAs(target, path, query)).kind, 'signed', `${target} as ${path}?${query ?? ''}`);
  }
});

test('a signature for one key does not verify another that merely looks alike', () => {
  for (const [target, path, query] of [
    ['/b/a%2Fb', '/b/a/b'],
    ['/b/a%20b', '/b/a+b'],
    ['/b/a%252Fb', '/b/a%2Fb'],
    ['/b/c', '/b/a/../c'],
    ['/b/a', '/b//a'],
    ['/b?x=a%2Bb', '/b', 'x=a%20b'],
  ] as const) {
    refused(signedAs(target, path, query), 'SignatureDoesNotMatch');
  }
});

test('without x-amz-content-sha256 a request without a body verifies both ways, a PUT is refused', () => {
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
  const put = signed({ method: 'PUT' });
  refused(
    { ...put, headers: without(put.headers, 'x-amz-content-sha256') },
    'InvalidRequest',
    /x-amz-content-sha256/,
  );
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

test('only one mechanism may be used', () => {
  const request = signed({ target: presigned() });
  refused(request, 'InvalidArgument', /Only one auth mechanism/);
  refused({ ...signed(), target: '/bucket/key?Signature=x' }, 'InvalidArgument', /Only one auth mechanism/);
});

test('security tokens are refused: none are issued', () => {
  refused(signed({ headers: [host, ['x-amz-security-token', 't']] }), 'InvalidToken');
  refused({ target: presigned({ target: '/bucket/key?X-Amz-Security-Token=t' }) }, 'InvalidToken');
});

test('a presigned URL holds from fifteen minutes before its date to its expiry', () => {
  const target = presigned({ expiresS: 600 });
  assert.equal(check({ target }, { now: now + 600_000 }).kind, 'signed');
  refused({ target }, 'AccessDenied', /Request has expired/, { now: now + 601_000 });
  assert.equal(check({ target }, { now: now - 15 * minuteMs }).kind, 'signed');
  refused({ target }, 'AccessDenied', /not yet valid/, { now: now - 15 * minuteMs - 1000 });
  assert.equal(
    check({ target: presigned({ expiresS: 604_800 }) }, { now: now + 604_800_000 }).kind,
    'signed',
  );
});

test('malformed presigned queries are AuthorizationQueryParametersError', () => {
  const target = presigned();
  const bad = (from: string | RegExp, to: string) => {
    assert.notEqual(target.replace(from, to), target);
    refused({ target: target.replace(from, to) }, 'AuthorizationQueryParametersError');
  };
  for (const expires of ['0', '-1', '604801', 'soon', '1e3', '', '99999999999999999999'])
    bad('Expires=600', `Expires=${expires}`);
  for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
    bad(new RegExp(`X-Amz-${name}=[^&]*&?`), '');
  }
  bad('X-Amz-Algorithm=AWS4-HMAC-SHA256', 'X-Amz-Algorithm=HMAC');
  bad('20260301T123015Z', '2026-03-01');
  bad('20260301T123015Z', '20260302T123015Z');
  bad('%2Fs3%2F', '%2Fsqs%2F');
  bad('X-Amz-Date=', 'X-Amz-Expires=600&X-Amz-Date=');
  bad(/Signature=.*/, 'Signature=xyz');
  bad('SignedHeaders=host', 'SignedHeaders=host%3Bhost');
});

test('changing a presigned URL is SignatureDoesNotMatch', () => {
  const target = presigned({ target: '/bucket/key?response-content-type=text%2Fplain' });
  assert.equal(check({ target }).kind, 'signed');
  for (const [from, to] of [
    ['key?', 'kez?'],
    ['text%2Fplain', 'text%2Fhtml'],
    ['Expires=600', 'Expires=601'],
    ['X-Amz-Date', 'versionId=1&X-Amz-Date'],
  ] as const) {
    refused({ target: target.replace(from, to) }, 'SignatureDoesNotMatch');
  }
  refused({ target, method: 'PUT' }, 'SignatureDoesNotMatch');
  refused({ target, headers: [['host', 'elsewhere']] }, 'SignatureDoesNotMatch');
});

test('a presigned URL leaves the payload open unless the query or a header says otherwise', () => {
  const payloadOf = (target: string, headers: Headers) => {
    const authentication = check({ method: 'PUT', target, headers });
    assert.ok(authentication.kind === 'signed' && authentication.presigned);
    return authentication.payload;
  };
  const sha256: [string, string] = ['x-amz-content-sha256', EMPTY_SHA256];
  const open = presigned({ method: 'PUT' });
  const closed = presigned({ method: 'PUT', payload: EMPTY_SHA256 });
  assert.deepEqual(payloadOf(open, [host]), { kind: 'unsigned' });
  assert.deepEqual(payloadOf(open, [host, sha256]), { kind: 'sha256', hex: EMPTY_SHA256 });
  assert.deepEqual(payloadOf(closed, [host]), { kind: 'sha256', hex: EMPTY_SHA256 });
  const contradiction = {
    method: 'PUT',
    target: closed,
    headers: [host, ['x-amz-content-sha256', UNSIGNED_PAYLOAD]] as Headers,
  };
  refused(contradiction, 'InvalidArgument', /differ/);
});

test('headers that were presigned must be sent as they were', () => {
  const target = presigned({ method: 'PUT', headers: [['x-amz-meta-a', '1']] });
  assert.equal(check({ method: 'PUT', target, headers: [host, ['X-Amz-Meta-A', '1']] }).kind, 'signed');
  refused({ method: 'PUT', target, headers: [host, ['x-amz-meta-a', '2']] }, 'SignatureDoesNotMatch');
  refused({ method: 'PUT', target, headers: [host] }, 'SignatureDoesNotMatch');
});

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '%',
      '+',
      ' ',
      '/',
      '//',
      '.',
      '..',
      '?',
      '#',
      '&',
      '=',
      '%2F',
      '%25',
      "'",
      '\u0000',
      '\u{1f600}',
    ),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
  maxLength: 12,
});

test('whatever the key, the query and the metadata, what is signed verifies', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, fc.string({ unit: 'binary-ascii' }), (key, name, value, meta) => {
      const target = `/bucket/${encodeKey(key)}?q${encodeQueryComponent(name)}=${encodeQueryComponent(value)}`;
      const header = meta.replace(/[^ -~]/g, '\u00e9').replace(/^ +| +$/g, '');
      assert.equal(check(signed({ target, headers: [host, ['x-amz-meta-m', header]] })).kind, 'signed');
      assert.equal(check({ target: presigned({ target }) }).kind, 'signed');
    }),
  );
});

test('no target makes authentication fail in any other way than by an S3 error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'binary-ascii' }), (tail, value) => {
      const headers: Headers = [
        host,
        ['x-amz-date', '20260301T123015Z'],
        ['authorization', `AWS4-HMAC-SHA256 ${value}`],
      ];
      for (const request of [{ headers }, { target: `/b?X-Amz-Signature=${tail}` }]) {
        assert.throws(() => check(request), S3Error);
      }
      assert.throws(() => check({ target: `${presigned()}${tail}x` }), S3Error);
    }),
  );
});
