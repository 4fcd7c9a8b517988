/** @module Conditional requests, in S3's precedence. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { evaluateRead, parseReadConditions, parseWriteCondition, rangeApplies } from './conditions.ts';
import { formatHttpDate } from './dates.ts';
import { RawHeaders } from './raw-headers.ts';

const ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const MODIFIED_MS = Date.UTC(2026, 0, 1, 12, 0, 0, 700);
const SENT = formatHttpDate(MODIFIED_MS);
const BEFORE = formatHttpDate(MODIFIED_MS - 1000);
const AFTER = formatHttpDate(MODIFIED_MS + 1000);

function outcome(conditions: Record<string, string>, prefix = ''): string {
  const headers = RawHeaders.from(Object.entries(conditions));
  return evaluateRead({ etag: ETAG, modifiedMs: MODIFIED_MS }, parseReadConditions(headers, prefix));
}

test('without conditions a read proceeds', () => assert.equal(outcome({}), 'proceed'));

test('ETags: quoted, bare, weak, in lists, or any', () => {
  for (const value of [`"${ETAG}"`, ETAG, '*', ` "${ETAG}" `, `"x", "${ETAG}"`, `x,${ETAG}`, `W/"${ETAG}"`]) {
    assert.equal(outcome({ 'if-match': value }), 'proceed', value);
    assert.equal(outcome({ 'if-none-match': value }), 'not-modified', value);
  }
  for (const value of ['"x"', 'x', '', `"${ETAG}x"`, ETAG.toUpperCase()]) {
    assert.equal(outcome({ 'if-match': value }), 'precondition-failed', value);
    assert.equal(outcome({ 'if-none-match': value }), 'proceed', value);
  }
});

test('dates count whole seconds: the Last-Modified that was sent is the object’s own', () => {
  assert.equal(outcome({ 'if-unmodified-since': SENT }), 'proceed');
  assert.equal(outcome({ 'if-unmodified-since': AFTER }), 'proceed');
  assert.equal(outcome({ 'if-unmodified-since': BEFORE }), 'precondition-failed');
  assert.equal(outcome({ 'if-modified-since': SENT }), 'not-modified');
  assert.equal(outcome({ 'if-modified-since': AFTER }), 'not-modified');
  assert.equal(outcome({ 'if-modified-since': BEFORE }), 'proceed');
});

test('a date in the future is not heeded by a read that knows the time', () => {
  const conditions = parseReadConditions(RawHeaders.from([['if-modified-since', AFTER]]));
  const object = { etag: ETAG, modifiedMs: MODIFIED_MS };
  assert.equal(evaluateRead(object, conditions, MODIFIED_MS + 200), 'proceed');
  assert.equal(evaluateRead(object, conditions, MODIFIED_MS + 1000), 'not-modified');
});

test('a date that is none is no condition', () => {
  assert.equal(outcome({ 'if-modified-since': 'yesterday' }), 'proceed');
  assert.equal(outcome({ 'if-unmodified-since': 'yesterday' }), 'proceed');
});

test('an ETag condition takes the place of the date beside it', () => {
  assert.equal(outcome({ 'if-match': ETAG, 'if-unmodified-since': BEFORE }), 'proceed');
  assert.equal(outcome({ 'if-match': 'x', 'if-unmodified-since': AFTER }), 'precondition-failed');
  assert.equal(outcome({ 'if-none-match': ETAG, 'if-modified-since': BEFORE }), 'not-modified');
  assert.equal(outcome({ 'if-none-match': 'x', 'if-modified-since': AFTER }), 'proceed');
});

test('what fails outweighs what has not changed', () => {
  assert.equal(outcome({ 'if-match': 'x', 'if-none-match': ETAG }), 'precondition-failed');
  assert.equal(outcome({ 'if-unmodified-since': BEFORE, 'if-modified-since': AFTER }), 'precondition-failed');
  assert.equal(outcome({ 'if-match': ETAG, 'if-none-match': ETAG }), 'not-modified');
});

test('the source of a copy has conditions of its own', () => {
  const prefix = 'x-amz-copy-source-';
  assert.equal(outcome({ 'if-match': 'x', [`${prefix}if-match`]: ETAG }, prefix), 'proceed');
  assert.equal(outcome({ [`${prefix}if-none-match`]: ETAG }, prefix), 'not-modified');
});

test('If-Range: a range of another state of the object is not heeded', () => {
  const object = { etag: ETAG, modifiedMs: MODIFIED_MS };
  for (const good of [undefined, `"${ETAG}"`, ETAG, SENT])
    assert.equal(rangeApplies(object, good), true, String(good));
  for (const other of ['"x"', '', `W/"${ETAG}"`, BEFORE, AFTER, '*']) {
    assert.equal(rangeApplies(object, other), false, other);
  }
});

test('writes: if absent, or one ETag', () => {
  const write = (conditions: Record<string, string>) =>
    parseWriteCondition(RawHeaders.from(Object.entries(conditions)));
  assert.equal(write({}), null);
  assert.deepEqual(write({ 'if-none-match': '*' }), { ifAbsent: true });
  assert.deepEqual(write({ 'if-match': `"${ETAG}"` }), { ifMatch: ETAG });
  assert.deepEqual(write({ 'if-match': ETAG }), { ifMatch: ETAG });
  const refused: Record<string, string>[] = [
    { 'if-none-match': `"${ETAG}"` },
    { 'if-none-match': '*', 'if-match': ETAG },
    { 'if-match': `"a", "b"` },
    { 'if-modified-since': SENT },
    { 'if-unmodified-since': SENT },
  ];
  for (const conditions of refused) {
    assert.throws(() => write(conditions), { code: 'NotImplemented', status: 501 });
  }
});
