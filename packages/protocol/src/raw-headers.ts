/**
 * @module The headers of one HTTP message exactly as they came: every value, duplicates kept, in order.
 *
 * It is not Node's merged header object, which drops and joins duplicates by rules that signatures do not know.
 * It may assume that the HTTP parser has trimmed values and refused line breaks in them.
 */

/**
 * A view of Node's flat `rawHeaders` list, looked up by lower-case name.
 *
 * Values are latin1 strings: one character for one byte on the wire.
 */
export class RawHeaders {
  readonly #values = new Map<string, string | string[]>();

  /** @param flat `[name, value, name, value, …]`, names in any case */
  constructor(flat: readonly string[]) {
    const values = this.#values;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const name = (flat[i] as string).toLowerCase();
      const value = flat[i + 1] as string;
      const earlier = values.get(name);
      if (earlier === undefined) values.set(name, value);
      else if (typeof earlier === 'string') values.set(name, [earlier, value]);
      else earlier.push(value);
    }
  }

  /** Builds from pairs, as tests and clients have them. */
  static from(pairs: Iterable<readonly [string, string]>): RawHeaders {
    return new RawHeaders([...pairs].flat());
  }

  /** The value of a lower-case `name`; those of duplicates joined by `,` in their order. */
  get(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'object' ? value.join(',') : value;
  }

  /** Every value of a lower-case `name`, in order; empty when absent. */
  all(name: string): readonly string[] {
    const value = this.#values.get(name);
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : value;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The distinct lower-case names, in order of first appearance. */
  names(): MapIterator<string> {
    return this.#values.keys();
  }

  /** `[lower-case name, value]`, one entry for each value, duplicates after their first. */
  *entries(): Generator<[string, string]> {
    for (const [name, value] of this.#values) {
      if (typeof value === 'string') yield [name, value];
      else for (const one of value) yield [name, one];
    }
  }
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/**
 * A value without the spaces and tabs around it. Not `trim`: that would also take the byte 0xA0, with which a UTF-8
 * character may end. Nor a pattern that looks for blanks at the end: among many of them it takes the square of their
 * number.
 */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}
