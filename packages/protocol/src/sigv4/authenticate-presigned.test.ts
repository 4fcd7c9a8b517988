/**
 * @module Tests of `authenticate` with presigned URLs.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  now,
  minuteMs,
  host,
  signed,
  check,
  refused,
  presigned,
  type Headers,
} from './authenticate.fixtures.ts';
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from './payload-mode.ts';

test('only one mechanism may be used', () => {
  const request = signed({ target: presigned() });
  refused(request, 'InvalidArgument', /Only one auth mechanism/);
  refused({ ...signed(), target: '/bucket/key?Signature=x' }, 'InvalidArgument', /Only one auth mechanism/);
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
  const expiring = (expires: string): string => target.replace('Expires=600', `Expires=${expires}`);
  refused({ target: expiring('-1') }, 'AuthorizationQueryParametersError', /must be non-negative/);
  refused({ target: expiring('604801') }, 'AuthorizationQueryParametersError', /less than a week/);
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
