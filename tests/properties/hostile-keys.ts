/**
 * @module Keys that break what decodes, normalises, escapes or sorts them wrongly.
 */

import fc from 'fast-check';

/** Neighbours in one order of strings or the other: `/` and `0`, U+D7FF and U+E000, U+FFFF and U+10000. */
const NEIGHBOURS = ['a', 'b', '/', '0', '\uD7FF', '\uE000', '\uFFFF', '\u{10000}'];

/** Pieces whose every joint is a chance to go wrong. */
const PIECES = [
  'A',
  '//',
  '.',
  '..',
  '%',
  '%2F',
  '%41',
  '+',
  ' ',
  '&',
  '<',
  '"',
  '?',
  '#',
  '\\',
  '~',
  'é',
  'e\u0301',
  '\uFFFD',
  '😀',
  '\u{10FFFF}',
  '\u0001',
  '\t',
  '\n',
  '\r',
  '\u007f',
];

const piece = fc.oneof(
  { arbitrary: fc.constantFrom(...NEIGHBOURS), weight: 2 },
  { arbitrary: fc.constantFrom(...PIECES), weight: 1 },
);

/** 1 to 7 pieces: far below 1,024 bytes. */
export const hostileKey: fc.Arbitrary<string> = fc
  .array(piece, { minLength: 1, maxLength: 7 })
  .map((all) => all.join(''));

/** A prefix or a marker: empty, short, or the beginning of what a key may be. */
export const hostileFragment: fc.Arbitrary<string> = fc
  .array(piece, { maxLength: 3 })
  .map((all) => all.join(''));

/** Empty for none; mostly one piece, so that keys have it. */
export const hostileDelimiter: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom('', '/'), weight: 1 },
  { arbitrary: piece, weight: 3 },
  { arbitrary: hostileFragment, weight: 1 },
);
