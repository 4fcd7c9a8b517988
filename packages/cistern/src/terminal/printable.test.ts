/** Names that would steer a terminal. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapedJson, printable, printableLines } from './printable.ts';

test('what steers a terminal is written out, and all else stays', () => {
  const name = 'a\u001B]0;x\u0007\u009B31m\u202Egnp.\r\nb é😀';
  assert.equal(printable(name), 'a\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}gnp.\\u{d}\\u{a}b é😀');
  assert.equal(printableLines('x\r\ny\u001B'), 'x\\u{d}\ny\\u{1b}');
  const json = escapedJson(JSON.stringify({ name }));
  assert.match(json, /^[ -~é😀]+$/u);
  assert.deepEqual(JSON.parse(json), { name });
});
