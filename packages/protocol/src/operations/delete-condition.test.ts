/** @module Conditions on what is to be deleted: what can be asked, and when it holds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { deleteConditionHolds, parseDeleteCondition } from './delete-condition.ts';
import type { DeleteCondition } from './delete-condition.ts';

const parse = (headers: Record<string, string>): DeleteCondition | null =>
  parseDeleteCondition(RawHeaders.from(Object.entries(headers)));
const TIME = 'Wed, 21 Oct 2015 07:28:00 GMT';
const OBJECT = { etag: 'abc', modifiedMs: Date.parse(TIME) + 999, size: 5 * 1024 ** 4 };

test('without a condition', () => assert.equal(parse({ 'x-amz-date': '1' }), null));

test('each condition, and all together', () => {
  for (const [headers, holds] of [
    [{ 'if-match': '"abc"' }, true],
    [{ 'if-match': 'abc' }, true],
    [{ 'if-match': '*' }, true],
    [{ 'if-match': '"other"' }, false],
    [{ 'if-match': '' }, false],
    [{ 'x-amz-if-match-last-modified-time': TIME }, true],
    [{ 'x-amz-if-match-last-modified-time': '2015-10-21T07:28:00Z' }, true],
    [{ 'x-amz-if-match-last-modified-time': 'Wed, 21 Oct 2015 07:28:01 GMT' }, false],
    [{ 'x-amz-if-match-last-modified-time': 'Wed, 21 Oct 2015 07:27:59 GMT' }, false],
    [{ 'x-amz-if-match-size': '5497558138880' }, true],
    [{ 'x-amz-if-match-size': '0' }, false],
    [{ 'if-match': '*', 'x-amz-if-match-last-modified-time': TIME, 'x-amz-if-match-size': '5' }, false],
  ] as [Record<string, string>, boolean][]) {
    const condition = parse(headers);
    assert.ok(condition !== null);
    assert.equal(deleteConditionHolds(OBJECT, condition), holds, JSON.stringify(headers));
  }
});

test('a condition that cannot be read deletes nothing', () => {
  for (const [name, value, code] of [
    ['x-amz-if-match-last-modified-time', 'yesterday', 'InvalidArgument'],
    ['x-amz-if-match-last-modified-time', '', 'InvalidArgument'],
    ['x-amz-if-match-size', '', 'InvalidArgument'],
    ['x-amz-if-match-size', '-1', 'InvalidArgument'],
    ['x-amz-if-match-size', '1e3', 'InvalidArgument'],
    ['if-match', '"a", "b"', 'NotImplemented'],
    ['if-none-match', '*', 'NotImplemented'],
    ['if-modified-since', TIME, 'NotImplemented'],
    ['if-unmodified-since', TIME, 'NotImplemented'],
  ] as const) {
    assert.throws(() => parse({ [name]: value }), { code }, `${name}: ${value}`);
  }
});
