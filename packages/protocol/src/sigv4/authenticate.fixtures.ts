/**
 * @module What the tests of `authenticate` share: one key, one moment, and ways to sign, check and spoil a request.
 */

import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';

import { S3Error } from '../errors.ts';
import { RawHeaders } from '../raw-headers.ts';
import { type Authentication, authenticate, type AuthenticateOptions } from './authenticate.ts';
import { UNSIGNED_PAYLOAD } from './payload-mode.ts';
import { presign, signRequest } from './sign-request.ts';

export type Headers = [string, string][];

export const credentials = { accessKeyId: 'AKTEST', secretAccessKey: 'a/secret+key' };
export const region = 'us-east-1';
export const now = Date.UTC(2026, 2, 1, 12, 30, 15);
export const minuteMs = 60_000;
export const host: [string, string] = ['host', 'localhost:9000'];

export const options: AuthenticateOptions = {
  now,
  regions: [region, 'auto'],
  secretFor: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : undefined),
};

export interface Given {
  method?: string;
  target?: string;
  headers?: Headers;
  payload?: string;
}

export function signed(given: Given = {}, at = now, as = credentials, inRegion = region): Required<Given> {
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

export function check(request: Given, changed: Partial<AuthenticateOptions> = {}): Authentication {
  const { method = 'GET', target = '/bucket/key', headers = [host] } = request;
  return authenticate({ method, target, headers: RawHeaders.from(headers) }, { ...options, ...changed });
}

export function refused(
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

export function without(headers: Headers, name: string): Headers {
  return headers.filter(([given]) => given !== name);
}

export function replaced(headers: Headers, name: string, change: (value: string) => string): Headers {
  return headers.map(([given, value]) => [given, given === name ? change(value) : value]);
}

export function presigned(given: Partial<Parameters<typeof presign>[0]> = {}): string {
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

/** Signs by the book and independently of the code under test: `canonical` is signed as it is. */
export function authorization(canonical: string, names: string): string {
  const scope = '20260301/us-east-1/s3/aws4_request';
  let key: Buffer | string = `AWS4${credentials.secretAccessKey}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const text = `AWS4-HMAC-SHA256\n20260301T123015Z\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'))}`;
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}
