/** @module Targets: buckets, keys and queries are decoded once from the raw bytes, and nothing is normalised. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from './hostile-text.fixtures.ts';
import { encodeKey, encodeQueryComponent } from './sigv4/uri-encode.ts';
import { parseTarget } from './target.ts';

const DOMAINS = ['s3.example.test', 'test', 'other.host'];

function path(target: string): [string | undefined, string | undefined] {
  const { bucket, key } = parseTarget(target, 'localhost:9000', []);
  return [bucket, key];
}

function hosted(
  host: string | undefined,
  target = '/k',
  domains = DOMAINS,
): [string | undefined, string | undefined] {
  const { bucket, key } = parseTarget(target, host, domains);
  return [bucket, key];
}

test('path style: the bucket is up to the first slash, the key is the rest as it is', () => {
  assert.deepEqual(path('/'), [undefined, undefined]);
  assert.deepEqual(path('/b'), ['b', undefined]);
  assert.deepEqual(path('/b/'), ['b', undefined]);
  for (const key of ['k', '/', '//', 'a/', 'a//b', '.', '..', 'a/../b', './', '+', 'a+b', ' ']) {
    assert.deepEqual(path(`/b/${encodeKey(key)}`), ['b', key]);
    assert.deepEqual(path(`/b/${key}`), ['b', key], 'also when it is not encoded');
  }
});

test('escapes are decoded once', () => {
  assert.deepEqual(path('/b/a%2525'), ['b', 'a%25']);
  assert.deepEqual(path('/b/a%2Fb'), ['b', 'a/b']);
  assert.deepEqual(path('/b/%00%01%7f'), ['b', '\u0000\u0001\u007f']);
  assert.deepEqual(path('/b%2Fc/k'), ['b/c', 'k'], 'an encoded slash does not end the bucket');
});

test('bytes above ASCII may come unencoded', () => {
  const raw = Buffer.from('/b/ü😀').toString('latin1');
  assert.deepEqual(path(raw), ['b', 'ü😀']);
});

test('the absolute form names the same', () => {
  assert.deepEqual(path('http://localhost:9000/b/k%20k?x=1'), ['b', 'k k']);
  assert.deepEqual(path('http://localhost:9000'), [undefined, undefined]);
});

test('what is not percent-encoded UTF-8 is no URI', () => {
  for (const raw of [
    '%',
    '%z',
    '%zz',
    'a%f',
    '%FF',
    '%C0%AF',
    '%E0%80%AF',
    '%ED%A0%80',
    '%F4%90%80%80',
    '\u00ff',
  ]) {
    assert.throws(() => path(`/b/${raw}`), { code: 'InvalidURI', status: 400 }, raw);
    assert.throws(() => path(`/${raw}/k`), { code: 'InvalidURI' }, raw);
  }
  for (const target of ['', '*', 'b/k', '//k']) assert.throws(() => path(target), { code: 'InvalidURI' });
});

test('keys may have 1,024 bytes of UTF-8', () => {
  assert.equal(path(`/b/${'%C3%A9'.repeat(512)}`)[1], 'é'.repeat(512));
  assert.throws(() => path(`/b/${'%C3%A9'.repeat(512)}a`), {
    code: 'KeyTooLongError',
    details: { Size: '1025', MaxSizeAllowed: '1024' },
  });
});

test('every key comes back from its encoded form', () => {
  const keys = hostileText({ minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(keys, (key) => {
      assert.deepEqual(path(`/b/${encodeKey(key)}`), ['b', key]);
    }),
    { numRuns: 300 },
  );
});

test('virtual-host style: the bucket is what precedes the domain', () => {
  assert.deepEqual(hosted('b.s3.example.test'), ['b', 'k']);
  assert.deepEqual(hosted('b.s3.example.test:9000', '/'), ['b', undefined]);
  assert.deepEqual(hosted('my.dotted.B.S3.Example.TEST'), ['my.dotted.b', 'k']);
  assert.deepEqual(hosted('b.other.host', '/b//k'), ['b', 'b//k']);
  assert.deepEqual(hosted('b.other.host', '//k'), ['b', '/k']);
});

test('of two domains that end alike the longer one counts, in any order', () => {
  for (const domains of [DOMAINS, DOMAINS.toReversed()]) {
    assert.deepEqual(hosted('b.s3.example.test', '/k', domains), ['b', 'k']);
    assert.deepEqual(
      hosted('s3.example.test', '/b/k', domains),
      ['b', 'k'],
      'a domain is no bucket of another',
    );
  }
});

test('any other host means path style', () => {
  for (const host of [
    undefined,
    '',
    'localhost',
    '127.0.0.1:9000',
    '[::1]:9000',
    '.other.host',
    'bother.host',
    'other.host',
  ]) {
    assert.deepEqual(hosted(host, '/b/k'), ['b', 'k'], String(host));
  }
  assert.deepEqual(hosted('b.s3.example.test', '/b/k', []), ['b', 'k']);
});

test('the query is an ordered list, in which + is a space', () => {
  const { query } = parseTarget('/b?a=1&flag&a=2&e=&&p=x%2By+z&%C3%BC=%F0%9F%98%80', undefined, []);
  assert.deepEqual(query.names(), ['a', 'flag', 'a', 'e', 'p', 'ü']);
  assert.deepEqual(
    [query.get('a'), query.get('flag'), query.get('e'), query.get('none')],
    ['1', '', '', undefined],
  );
  assert.deepEqual([query.get('p'), query.get('ü')], ['x+y z', '😀']);
  assert.deepEqual([query.has('flag'), query.has('none')], [true, false]);
  assert.deepEqual(parseTarget('/b?k=a?b=c', undefined, []).query.get('k'), 'a?b=c');
});

test('a query that is not percent-encoded UTF-8 is an invalid argument', () => {
  for (const raw of ['prefix=%FF', '%zz=1', 'a=%']) {
    assert.throws(() => parseTarget(`/b?${raw}`, undefined, []), { code: 'InvalidArgument' });
  }
});

test('every query comes back from its encoded form', () => {
  const text = hostileText({ maxLength: 20 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (pairs) => {
      const named = pairs.filter(([name]) => name !== '');
      const raw = named
        .map(([name, value]) => `${encodeQueryComponent(name)}=${encodeQueryComponent(value)}`)
        .join('&');
      assert.deepEqual(parseTarget(`/?${raw}`, undefined, []).query.entries(), named);
    }),
    { numRuns: 200 },
  );
});
