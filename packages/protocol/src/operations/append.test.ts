/** @module Append: its offset, and the header of its answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { appendHeaders, parseWriteOffset } from './append.ts';

const parse = (value: string) => parseWriteOffset(RawHeaders.from([['x-amz-write-offset-bytes', value]]));

test('the offset', () => {
  assert.equal(parseWriteOffset(RawHeaders.from([])), undefined);
  assert.equal(parse('0'), 0);
  assert.equal(parse('5497558138880'), 5 * 1024 ** 4);
  for (const value of ['', '-1', '+1', '1.5', '1e3', '0x10', 'x', '9'.repeat(16)]) {
    assert.throws(
      () => parse(value),
      {
        code: 'InvalidArgument',
        details: { ArgumentName: 'x-amz-write-offset-bytes', ArgumentValue: value },
      },
      value,
    );
  }
});

test('the answer tells the size', () => {
  assert.deepEqual(appendHeaders(2 ** 40), ['x-amz-object-size', '1099511627776']);
});
