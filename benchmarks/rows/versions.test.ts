/** @module Tests of which pages are compared. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tenths } from './versions.ts';

test('the first and the last tenth of the pages, at least one each', () => {
  const pages = Array.from({ length: 29 }, (_, index) => index);
  assert.deepEqual(tenths(pages), { first: [0, 1], last: [27, 28] });
  assert.deepEqual(tenths([0, 1, 2]), { first: [0], last: [2] });
  assert.deepEqual(tenths([0]), { first: [0], last: [0] });
});
