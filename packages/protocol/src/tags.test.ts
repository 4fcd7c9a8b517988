/** @module Tags: the header that carries them, and which are good. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { encodeQueryComponent } from './sigv4/uri-encode.ts';
import { checkTags, parseTagging } from './tags.ts';
import type { Tag } from './tags.ts';

test('tags are a query string', () => {
  assert.deepEqual(parseTagging(undefined), []);
  assert.deepEqual(parseTagging(''), []);
  assert.deepEqual(parseTagging('a=1&b=two+words&c=&d'), [
    ['a', '1'],
    ['b', 'two words'],
    ['c', ''],
    ['d', ''],
  ]);
  assert.deepEqual(
    parseTagging('a&&&b&'),
    [
      ['a', ''],
      ['b', ''],
    ],
    'between two & there is nothing',
  );
  assert.deepEqual(parseTagging('k%3D=%2B%40%C3%BC'), [['k=', '+@ü']]);
  assert.deepEqual(
    parseTagging(Buffer.from('k=ü').toString('latin1')),
    [['k', 'ü']],
    'also when it was not encoded',
  );
});

test('tags that break a rule are refused, each with its code', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join('&');
  assert.equal(parseTagging(many(10)).length, 10);
  for (const [header, code] of [
    [many(11), 'BadRequest'],
    ['a=1&a=2', 'InvalidArgument'],
    ['a=%FF', 'InvalidArgument'],
    ['a=%z', 'InvalidArgument'],
    ['=v', 'InvalidTag'],
    [`${'k'.repeat(129)}=v`, 'InvalidTag'],
    [`k=${'v'.repeat(257)}`, 'InvalidTag'],
    [`k=${'v'.repeat(100_000)}`, 'InvalidTag'],
    ['a=<', 'InvalidTag'],
    ['aws:x=1', 'InvalidTag'],
    ['AWS:x=1', 'InvalidTag'],
    [`${many(11)}&aws:x=1`, 'InvalidTag'],
  ] as const) {
    assert.throws(() => parseTagging(header), { code }, header.slice(0, 100));
  }
  assert.equal(parseTagging(`${'k'.repeat(128)}=${'%C3%BC'.repeat(256)}`).length, 1);
  // Characters are counted, not halves of them.
  assert.equal(parseTagging(`k=${'%F0%9D%92%9C'.repeat(256)}`).length, 1);
  assert.throws(() => parseTagging(`k=${'%F0%9D%92%9C'.repeat(257)}`), { code: 'InvalidTag' });
});

test('a bucket has up to 50', () => {
  const many = (count: number): Tag[] => Array.from({ length: count }, (_, i) => [`k${i}`, 'v']);
  checkTags(many(50), 'Bucket');
  assert.throws(() => checkTags(many(51), 'Bucket'), { code: 'BadRequest' });
  const twice: Tag[] = [
    ['a', '1'],
    ['a', '2'],
  ];
  assert.throws(() => checkTags(twice, 'Bucket'), { code: 'InvalidTag' });
});

test('good tags come back from their encoded form', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9 äß日_.:/=+@-]{1,20}$/u);
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(text, text), { maxLength: 10, selector: ([key]) => key }), (tags) => {
      const allowed = tags.filter(([key]) => !key.toLowerCase().startsWith('aws:'));
      const header = allowed
        .map(([key, value]) => `${encodeQueryComponent(key)}=${encodeQueryComponent(value)}`)
        .join('&');
      assert.deepEqual(parseTagging(header), allowed);
    }),
    { numRuns: 200 },
  );
});
