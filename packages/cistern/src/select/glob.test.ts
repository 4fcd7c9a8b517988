/** @module Patterns match what a shell would match, and nothing else. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { globExpression, globSegments, globStart, literalStart } from './glob.ts';

/** Each pattern with names that it matches, and names that it does not. */
const CASES: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['*', ['a', '.a', '..', 'a\nb'], ['', 'a/b', 'a/']],
  ['a*', ['a', 'ab'], ['ba', 'a/b']],
  ['**', ['a', 'a/b', '../c'], []],
  ['a/**', ['a/b', 'a/b/c', 'a/'], ['a', 'ab']],
  ['**/b', ['b', 'a/b', 'a/c/b'], ['ab', 'a/ab', 'b/a']],
  ['a/**/b', ['a/b', 'a/c/b', 'a/c/d/b'], ['ab', 'a/cb']],
  ['a**b', ['ab', 'axb'], ['a/b']],
  ['x?.gz', ['x1.gz', 'x😀.gz'], ['x.gz', 'x/.gz', 'x12.gz', 'x1agz']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '[a-c]x', 'x']],
  ['[!a-c]x', ['dx', '!x'], ['ax', '/x']],
  ['[^a]', ['b'], ['a', '/']],
  ['[]a]', [']', 'a'], ['b']],
  ['[a-]', ['a', '-'], ['b']],
  [String.raw`a[\d]`, ['ad', 'a\\'], ['a1']],
  ['[ab', ['[ab'], ['a', 'b']],
  ['a{b,c}d', ['abd', 'acd'], ['ad', 'a{b,c}d']],
  ['{a/b,c}/x', ['a/b/x', 'c/x'], ['a/x']],
  ['{a,b{1,2}}*', ['a', 'b1', 'b2x'], ['b']],
  ['{a,**/b}', ['a', 'b', 'x/y/b'], ['x/a']],
  ['{a}', ['{a}'], ['a']],
  ['{a,b', ['{a,b'], ['a']],
  ['{1..12}', ['1', '9', '12'], ['0', '13', '01']],
  ['{08..10}', ['08', '09', '10'], ['8', '11']],
  ['{a..c}', ['a', 'c'], ['d']],
  [String.raw`\*a\{b\}`, ['*a{b}'], ['xa{b}']],
  ['photo (1)+.jp|g', ['photo (1)+.jp|g'], ['photo 1.jpg']],
  ['!a', ['!a'], ['b']],
  ['./a', ['./a'], ['a']],
];

suite('glob', () => {
  for (const [pattern, yes, no] of CASES) {
    test(`${pattern} matches what it should, and nothing else`, () => {
      const expression = globExpression(pattern);
      for (const name of yes) assert.ok(expression.test(name), `${JSON.stringify(name)} is not matched`);
      for (const name of no) assert.ok(!expression.test(name), `${JSON.stringify(name)} is matched`);
    });
  }

  test('where a pattern begins, and that plain text has none', () => {
    const starts = ['a/b*', 'a?', 'a[b]', '{a,b}', 'x{1..2}', String.raw`a\*b`].map(globStart);
    assert.deepEqual(starts, [3, 1, 1, 0, 1, 1]);
    for (const text of ['a', 'a[', 'a]', '{a}', 'a[]', String.raw`a\b`, 'a{b']) {
      assert.equal(globStart(text), -1, text);
    }
  });

  test('the beginning that all matches share', () => {
    assert.equal(literalStart('logs/2026-*/x'), 'logs/2026-');
    assert.equal(literalStart(String.raw`a\*b?`), 'a*b');
    assert.equal(literalStart('plain'), 'plain');
  });

  test('segments, of which one with braces may hold slashes', () => {
    assert.deepEqual(globSegments('a*/{b/c,d}/e'), ['a*', '{b/c,d}', 'e']);
  });

  test('what makes no sense is a usage error', () => {
    assert.throws(() => globExpression('[z-a]'), /no range of signs/);
    assert.throws(() => globExpression('{1..100000}'), /too many numbers/);
  });
});
