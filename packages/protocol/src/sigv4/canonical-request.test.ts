/**
 * @module Tests of the canonical forms: what clients really sign verifies, and nothing that merely looks alike.
 */

import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { S3Error } from '../errors.ts';
import {
  host,
  signed,
  check,
  refused,
  presigned,
  authorization,
  type Headers,
  type Given,
} from './authenticate.fixtures.ts';
import { EMPTY_SHA256 } from './payload-mode.ts';
import { encodeKey, encodeQueryComponent } from './uri-encode.ts';

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
