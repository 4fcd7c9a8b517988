/**
 * Keys are ordered by their UTF-8 bytes, which is code point order. JavaScript's `<` compares UTF-16 units and puts
 * U+E000–U+FFFF after the surrogate pairs of U+10000 and above: never use it on keys.
 */

const LAST_CODE_POINT = 0x10ffff;

/** Negative, zero or positive, as the UTF-8 bytes of `a` sort before, with or after those of `b`. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates sort after every other unit: they stand for code points above U+FFFF. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * The least string that sorts after every string beginning with `prefix`; undefined when there is none (an empty
 * prefix, or nothing but U+10FFFF).
 */
export function successorOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last === LAST_CODE_POINT) continue;
    const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}
