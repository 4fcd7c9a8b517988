/** Keys: their order, their limits. A key is Unicode text without NUL; its identity and order are those of its UTF-8 bytes. */

import { StoreError } from './errors.ts';
import type { StoreOperation } from './errors.ts';

/**
 * Keys that begin with this are the library's own, in stores that have no other place for uploads in progress and the
 * like: nobody can read or write them as objects, and listings leave them out.
 */
export const RESERVED_PREFIX = '.cistern/';

/**
 * The order of UTF-8 bytes. JavaScript's own `<` compares UTF-16 units: it puts U+10000 and up before U+E000 to U+FFFF.
 *
 * @returns negative, 0 or positive, as for `sort`
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return fixOrder(left) - fixOrder(right);
  }
  return a.length - b.length;
}

/** Moves surrogates, which stand for U+10000 and up, behind the rest of the units. */
function fixOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

const encoder = new TextEncoder();

/**
 * @param bytesMax the store's limit
 * @throws {StoreError} `InvalidKey` for what no store takes: empty, NUL, a lone surrogate, too long, or reserved
 */
export function checkKey(key: string, operation: StoreOperation, bytesMax: number): void {
  const wrong = whatIsWrong(key, bytesMax);
  if (wrong !== undefined) throw new StoreError('InvalidKey', wrong, { operation, key });
}

function whatIsWrong(key: string, bytesMax: number): string | undefined {
  if (typeof key !== 'string') return `A key is text, not a ${typeof key}`;
  if (key === '') return 'A key cannot be empty';
  // A unit takes three bytes at most: most keys need not be counted.
  if (key.length * 3 > bytesMax && encoder.encode(key).byteLength > bytesMax) {
    return `A key has at most ${bytesMax} bytes in UTF-8; this one has ${encoder.encode(key).byteLength}`;
  }
  if (!key.isWellFormed()) return 'A key must be well-formed Unicode: this one has half a surrogate pair';
  if (key.includes('\0')) return 'A key cannot contain NUL';
  if (key.startsWith(RESERVED_PREFIX)) return `Keys that begin with ${RESERVED_PREFIX} are reserved`;
  return undefined;
}

/**
 * The first key after all that begin with `prefix`, for seeking past a common prefix; `undefined` when there is none.
 * It is a bound to compare with, not a key that could be stored.
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = nextPoint(last.codePointAt(0) ?? 0);
    if (next !== undefined) return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

function nextPoint(point: number): number | undefined {
  if (point === 0x10_ff_ff) return undefined;
  return point + 1 === 0xd800 ? 0xe000 : point + 1;
}

/**
 * Keys as they come. A string is one key, though it could be iterated, too: character by character.
 */
export async function* eachKey(
  keys: string | Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string> {
  if (typeof keys === 'string') yield keys;
  else yield* keys;
}
