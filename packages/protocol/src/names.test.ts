/** @module Names of buckets and snapshots: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  checkBucketName,
  checkNewBucketName,
  checkSnapshotName,
  isValidBucketName,
  parseSnapshotBucket,
  snapshotBucketName,
} from './names.ts';

test('good names', () => {
  for (const name of ['abc', '0ab', 'a.b-c', 'a'.repeat(63), '1.2.3.4.5', 'a-.b', 'xn-x', '999.1.1.x']) {
    assert.ok(isValidBucketName(name), name);
    checkBucketName(name);
    checkNewBucketName(name);
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

const SNAPSHOTS = ['a', '0', 'daily', '2026-01-31', 'v1.2.3', 'a.-b', 'x'.repeat(40)];

test('a snapshot of a bucket has a name of its own, and no bucket is created under it', () => {
  for (const bucket of ['abc', 'a--b', 'a--b--snap', 'b'.repeat(63)]) {
    for (const snapshot of SNAPSHOTS) {
      checkSnapshotName(snapshot);
      const name = snapshotBucketName(bucket, snapshot);
      assert.deepEqual(parseSnapshotBucket(name), { bucket, snapshot });
      checkBucketName(name);
      assert.equal(isValidBucketName(name), false, name);
      assert.throws(() => checkNewBucketName(name), { code: 'InvalidBucketName', status: 400 });
      // What clients check before they send anything.
      assert.match(name, /^[a-zA-Z0-9.\-_]{1,255}$/);
    }
  }
  assert.throws(() => checkNewBucketName('abc--snap'), { code: 'InvalidBucketName' });
});

test('names that no snapshot has', () => {
  for (const name of [
    '',
    '-a',
    'a-',
    '.a',
    'a.',
    'a--b',
    'A',
    'a_b',
    'a b',
    'ä',
    'a\n',
    '#1',
    'x'.repeat(41),
  ]) {
    assert.throws(
      () => checkSnapshotName(name),
      { code: 'InvalidArgument', status: 400 },
      JSON.stringify(name),
    );
    assert.equal(parseSnapshotBucket(`abc--${name}--snap`)?.snapshot === name, false, name);
  }
  for (const name of [
    'abc',
    'abc--snap',
    'abc--x',
    'ab--x--snap',
    'Abc--x--snap',
    'a..b--x--snap',
    'abc--x--snap-',
  ]) {
    assert.equal(parseSnapshotBucket(name), undefined, name);
  }
});
