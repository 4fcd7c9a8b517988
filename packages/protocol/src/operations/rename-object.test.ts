/** @module RenameObject: source, conditions, token. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { RawHeaders } from '../raw-headers.ts';
import { encodeKey, encodeQueryComponent } from '../sigv4/uri-encode.ts';
import { parseRename, renameConditionsHold } from './rename-object.ts';
import type { RenameInput } from './rename-object.ts';

const DATE = 'Wed, 21 Oct 2015 07:28:00 GMT';
const DATE_MS = Date.UTC(2015, 9, 21, 7, 28);

function parse(source: string, more: Record<string, string> = {}, destination = 'new'): RenameInput {
  const headers = RawHeaders.from(Object.entries({ 'x-amz-rename-source': source, ...more }));
  return parseRename(headers, destination);
}

test('the source is a key, with or without a slash before it, however much of it is encoded', () => {
  fc.assert(
    fc.property(hostileText({ minLength: 1, maxLength: 50 }), (text) => {
      const key = `${text}.`;
      assert.equal(parse(`/${encodeKey(key)}`).sourceKey, key);
      assert.equal(parse(encodeQueryComponent(key)).sourceKey, key);
    }),
  );
  assert.equal(parse('bucket/key').sourceKey, 'bucket/key');
  assert.equal(parse('//key').sourceKey, '/key');
  assert.equal(parse('%2Fkey').sourceKey, '/key');
  assert.equal(parse('a+b').sourceKey, 'a+b');
  assert.equal(parse(Buffer.from('ü').toString('latin1')).sourceKey, 'ü');
});

test('sources that are no key', () => {
  for (const source of ['', '/', '%FF', '%zz', 'a%'])
    assert.throws(() => parse(source), { code: 'InvalidArgument', status: 400 }, source);
  assert.throws(() => parseRename(RawHeaders.from([]), 'new'), { code: 'InvalidArgument' });
  assert.throws(() => parse('x'.repeat(1025)), { code: 'KeyTooLongError' });
});

test('keys that end with a slash are not renamed', () => {
  for (const [source, destination] of [
    ['a/', 'b'],
    ['a%2F', 'b'],
    ['a', 'b/'],
  ] as const) {
    assert.throws(() => parse(source, {}, destination), { code: 'InvalidRequest' });
  }
});

test('conditions of the source and of the destination', () => {
  const input = parse('k', {
    'x-amz-rename-source-if-match': '"s"',
    'x-amz-rename-source-if-none-match': 'n',
    'x-amz-rename-source-if-modified-since': DATE,
    'x-amz-rename-source-if-unmodified-since': DATE,
    'if-match': 'd',
    'if-none-match': ' * ',
    'if-modified-since': DATE,
    'if-unmodified-since': DATE,
  });
  const dates = { ifModifiedSince: DATE_MS, ifUnmodifiedSince: DATE_MS };
  assert.deepEqual(input.sourceConditions, { ifMatch: ['s'], ifNoneMatch: ['n'], ...dates });
  assert.deepEqual(input.destinationConditions, { ifMatch: ['d'], ifNoneMatch: '*', ...dates });
  const none = parse('k');
  assert.deepEqual([none.sourceConditions, none.destinationConditions], [{}, {}]);
});

test('conditions that are none are not ignored', () => {
  for (const prefix of ['', 'x-amz-rename-source-']) {
    for (const name of ['if-modified-since', 'if-unmodified-since']) {
      assert.throws(() => parse('k', { [prefix + name]: 'yesterday' }), {
        code: 'InvalidArgument',
        details: { ArgumentName: prefix + name, ArgumentValue: 'yesterday' },
      });
    }
  }
  assert.throws(() => parse('k', { 'if-none-match': '"e"' }), { code: 'NotImplemented' });
});

test('the token', () => {
  assert.equal(parse('k').clientToken, undefined);
  for (const token of ['!', '~'.repeat(64), '9f0c2b7e-0000-4000-8000-000000000000'])
    assert.equal(parse('k', { 'x-amz-client-token': token }).clientToken, token);
  for (const token of ['', 'x'.repeat(65), 'a b', 'ü', 'a\u007f'])
    assert.throws(() => parse('k', { 'x-amz-client-token': token }), { code: 'InvalidArgument' }, token);
});

test('what is there fits the conditions, or does not', () => {
  const object = { etag: 'e', modifiedMs: DATE_MS };
  for (const [conditions, there, absent] of [
    [{}, true, true],
    [{ ifMatch: ['e'] }, true, false],
    [{ ifMatch: ['x'] }, false, false],
    [{ ifMatch: '*' }, true, false],
    [{ ifNoneMatch: '*' }, false, true],
    [{ ifNoneMatch: ['e'] }, false, true],
    [{ ifNoneMatch: ['x'] }, true, true],
    [{ ifModifiedSince: DATE_MS - 1000 }, true, false],
    [{ ifModifiedSince: DATE_MS }, false, false],
    [{ ifUnmodifiedSince: DATE_MS }, true, true],
    [{ ifUnmodifiedSince: DATE_MS - 1000 }, false, true],
  ] as const) {
    assert.deepEqual(
      [renameConditionsHold(object, conditions), renameConditionsHold(null, conditions)],
      [there, absent],
      JSON.stringify(conditions),
    );
  }
});
