/** What services answer, as StoreErrors that say what to do. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode } from '../../errors.ts';
import type { PutMode } from '../../object-store.ts';
import { networkError, refusalError, S3ResponseError } from './errors.ts';

const xml = (code: string, more = ''): Uint8Array =>
  Buffer.from(`<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>said</Message>${more}</Error>`);

suite('errors of S3', () => {
  test('by code, by status where there is none, and temporary or not', () => {
    const cases: [number, string, StoreErrorCode, 'permanent' | 'temporary', RegExp][] = [
      [404, 'NoSuchKey', 'NotFound', 'permanent', /said/],
      [404, 'NoSuchBucket', 'NotFound', 'permanent', /create it/],
      [404, '', 'NotFound', 'permanent', /404/],
      [403, 'RequestTimeTooSkewed', 'Unauthenticated', 'permanent', /set the clock/],
      [403, 'SignatureDoesNotMatch', 'Unauthenticated', 'permanent', /secret key/],
      [400, 'ExpiredToken', 'Unauthenticated', 'permanent', /get new ones/],
      [403, 'AccessDenied', 'PermissionDenied', 'permanent', /permission/],
      [403, '', 'PermissionDenied', 'permanent', /403/],
      [301, 'PermanentRedirect', 'InvalidArgument', 'permanent', /region/],
      [503, 'SlowDown', 'Unavailable', 'temporary', /fewer/],
      [500, 'InternalError', 'Unavailable', 'temporary', /said/],
      [502, '', 'Unavailable', 'temporary', /502/],
      [409, 'ConditionalRequestConflict', 'Unavailable', 'temporary', /try again/],
      [400, 'RequestTimeout', 'Timeout', 'temporary', /said/],
      [400, 'BadDigest', 'Corrupt', 'temporary', /damaged/],
      [400, 'InvalidArgument', 'InvalidArgument', 'permanent', /said/],
      [403, 'InvalidObjectState', 'Unavailable', 'permanent', /restore/],
      [418, 'Teapot', 'InvalidArgument', 'permanent', /Teapot/],
      [404, 'constructor', 'NotFound', 'permanent', /constructor/],
      [500, '__proto__', 'Unavailable', 'temporary', /said/],
    ];
    for (const [status, code, expected, retry, message] of cases) {
      const body = code === '' ? Buffer.from('<html>proxy</html>') : xml(code);
      const error = refusalError(status, { 'x-amz-request-id': 'r1' }, body, { operation: 'get', key: 'k' });
      assert.equal(error.code, expected, `${status} ${code}`);
      assert.equal(error.retry, retry, `${status} ${code}`);
      assert.match(error.message, message);
      assert.equal(error.key, 'k');
      assert.ok(error.cause instanceof S3ResponseError);
      assert.equal(error.cause.requestId, 'r1');
    }
  });

  test('where it was asked, by whose key, and how far the clocks are apart', () => {
    const where = { endpoint: 'https://h', bucket: 'b', accessKeyId: 'AK' };
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const refused = refusalError(403, { date }, xml('RequestTimeTooSkewed'), { operation: 'get', where });
    assert.deepEqual({ ...refused.where, clockAheadMs: 0 }, { ...where, clockAheadMs: 0 });
    assert.ok(Math.abs((refused.where?.clockAheadMs ?? 0) - 3_600_000) <= 2000);
    assert.equal(networkError(new Error('x'), 'https://h', { operation: 'get', where }).where, where);
  });

  test('a failed condition is what was asked for', () => {
    const failed = (code: string, status: number, mode?: PutMode): StoreErrorCode =>
      refusalError(status, {}, xml(code), { operation: 'put', key: 'k', mode }).code;
    assert.equal(failed('PreconditionFailed', 412, 'create'), 'AlreadyExists');
    assert.equal(failed('PreconditionFailed', 412, { ifMatch: 'e' }), 'PreconditionFailed');
    assert.equal(failed('NoSuchKey', 404, { ifMatch: 'e' }), 'PreconditionFailed');
    assert.equal(failed('NoSuchBucket', 404, { ifMatch: 'e' }), 'NotFound');
    assert.equal(failed('PreconditionFailed', 412), 'PreconditionFailed');
  });

  test('how long to wait: seconds, or a date', () => {
    const after = (value: string): number | undefined =>
      refusalError(503, { 'retry-after': value }, Buffer.alloc(0), { operation: 'get' }).retryAfterMs;
    assert.equal(after('2'), 2000);
    const date = after(new Date(Date.now() + 60_000).toUTCString());
    assert.ok(date !== undefined && date > 50_000 && date <= 60_000);
    assert.equal(after('soon'), undefined);
  });

  test('the network: temporary, but for certificates', () => {
    const of = (code: string): ReturnType<typeof networkError> =>
      networkError(Object.assign(new Error('x'), { code }), 'https://h', { operation: 'get', key: 'k' });
    assert.ok(isStoreError(of('ECONNRESET'), 'Unavailable'));
    assert.equal(of('ECONNRESET').retry, 'temporary');
    assert.ok(isStoreError(of('UND_ERR_CONNECT_TIMEOUT'), 'Timeout'));
    assert.equal(of('DEPTH_ZERO_SELF_SIGNED_CERT').retry, 'permanent');
    assert.match(of('DEPTH_ZERO_SELF_SIGNED_CERT').message, /NODE_EXTRA_CA_CERTS/);
  });
});
