/** @module Storage classes: which there are, which are archived, and what is said of a restored object. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatRestore, isArchived, parseStorageClass } from './storage-class.ts';

test('the classes of S3, and no others', () => {
  assert.equal(parseStorageClass(undefined), 'STANDARD');
  for (const name of [
    'STANDARD',
    'REDUCED_REDUNDANCY',
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER',
    'DEEP_ARCHIVE',
    'GLACIER_IR',
    'EXPRESS_ONEZONE',
  ]) {
    assert.equal(parseStorageClass(name), name);
  }
  for (const other of ['', 'standard', 'NONSENSE', 'OUTPOSTS', 'SNOW', 'STANDARD,GLACIER'])
    assert.throws(() => parseStorageClass(other), { code: 'InvalidStorageClass' }, other);
});

test('two classes are archived', () => {
  const archived = ['STANDARD', 'GLACIER', 'DEEP_ARCHIVE', 'GLACIER_IR', 'STANDARD_IA'].filter(isArchived);
  assert.deepEqual(archived, ['GLACIER', 'DEEP_ARCHIVE']);
});

test('a restored object says until when', () => {
  assert.equal(
    formatRestore(Date.UTC(2012, 11, 21)),
    'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"',
  );
});
