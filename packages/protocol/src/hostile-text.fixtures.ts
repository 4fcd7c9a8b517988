/** @module Text for property tests: whole code points, with those that encodings and XML trip over seen often. */

import fc from 'fast-check';

const HOSTILE = [
  '%',
  '%2F',
  '+',
  ' ',
  '/',
  '.',
  '..',
  '?',
  '=',
  '&',
  ';',
  '<',
  ']]>',
  '"',
  "'",
  '\\',
  '*',
  '~',
];
const CONTROL = ['\u0000', '\t', '\n', '\r', '\u001f', '\u007f', '\u0085', '\u2028'];
const WIDE = ['é', 'e\u0301', '日', '\uD7FF', '\uE000', '\uFFFD', '\uFFFF', '😀', '\u{10FFFF}'];

const codePoint = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  // Surrogates are no characters of their own.
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

/** @param options lengths in pieces of one to four characters */
export function hostileText(options: { minLength?: number; maxLength: number }): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...HOSTILE, ...CONTROL, ...WIDE),
    fc.constantFrom('a', 'B', '0'),
    codePoint,
  );
  return fc.array(piece, options).map((pieces) => pieces.join(''));
}
