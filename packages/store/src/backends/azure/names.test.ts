/** Keys that Azure would change are refused; others are names. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreError } from '../../errors.ts';
import { checkBlobName, encodeBlobName } from './names.ts';

test('keys that the service would change or refuse', () => {
  const folders = 'a/'.repeat(254);
  for (const key of [
    'a\\b',
    'a.',
    'a./b',
    '..',
    '../a',
    'a/./b',
    'tab\t',
    '\u0085',
    'x\uffff',
    `${folders}a`,
  ]) {
    assert.throws(
      () => checkBlobName(key, 'put'),
      (error) => isStoreError(error, 'InvalidKey'),
      JSON.stringify(key),
    );
  }
  for (const key of ['a.b', '.a', 'a/', 'a//b', '/a', ' ', 'ü', '\u{10fffd}', folders.slice(0, -2)]) {
    checkBlobName(key, 'put');
  }
});

test('in a path only slashes stay', () => {
  assert.equal(encodeBlobName('a b/ü?#%2F//'), 'a%20b/%C3%BC%3F%23%252F//');
});
