/** @module Bucket names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkBucketName, isValidBucketName } from './names.ts';

test('good names', () => {
  for (const name of ['abc', '0ab', 'a.b-c', 'a'.repeat(63), '1.2.3.4.5', 'a-.b', 'xn-x', '999.1.1.x']) {
    assert.ok(isValidBucketName(name), name);
    checkBucketName(name);
  }
});

test('names outside the rules', () => {
  const bad = [
    '',
    'ab',
    'a'.repeat(64),
    'Abc',
    'a_b',
    '-ab',
    'ab-',
    '.ab',
    'ab.',
    'a..b',
    '192.168.5.4',
    'a b',
    'ü-ü',
    'abc\n',
  ];
  const reserved = [
    'xn--a',
    'sthree-a',
    'amzn-s3-demo-a',
    'a-s3alias',
    'a--ol-s3',
    'a.mrap',
    'a--x-s3',
    'a--table-s3',
  ];
  for (const name of [...bad, ...reserved]) {
    assert.equal(isValidBucketName(name), false, JSON.stringify(name));
    assert.throws(() => checkBucketName(name), { code: 'InvalidBucketName', status: 400 });
  }
});
