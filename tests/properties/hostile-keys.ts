/**
 * @module Keys that break what decodes, normalises, escapes or sorts them wrongly.
 */

import fc from 'fast-check';

/** Pieces whose every joint is a chance to go wrong; they are few, so that keys share prefixes. */
const PIECES = [
  'a',
  'b',
  'A',
  '/',
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
  '\uE000',
  '\uFFFD',
  '\uFFFF',
  '😀',
  '\u{10000}',
  '\u{10FFFF}',
  '\u0001',
  '\t',
  '\n',
  '\r',
  '\u007f',
];

const piece = fc.constantFrom(...PIECES);

/** 1 to 7 pieces: far below 1,024 bytes. */
export const hostileKey: fc.Arbitrary<string> = fc.array(piece, { minLength: 1, maxLength: 7 }).map((all) => all.join(''));

/** A prefix, a marker or a delimiter: empty, short, or the beginning of what a key may be. */
export const hostileFragment: fc.Arbitrary<string> = fc.array(piece, { maxLength: 3 }).map((all) => all.join(''));
