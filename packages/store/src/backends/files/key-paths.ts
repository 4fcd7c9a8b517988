/**
 * Where a key's file is, below the root, and which key a file has. Pure functions over text; they know no file system.
 *
 * A key is cut at `/` into segments, and a segment is a name: `photos/2026/a b.jpg` is the file of that path. What cannot be
 * a name is written with escapes, `%` and two upper-case hexadecimal digits:
 *
 * | segment | name | |
 * |---|---|---|
 * | empty (`a//b`, `/a`, `a/`) | `%00` | no key has a NUL |
 * | `.` and `..` | `%2E` and `%2E%2E` | |
 * | `.cistern` as the first, in any case | `%2Ecistern` | the store's own folder |
 * | more than 255 bytes as a name | `<252 bytes or fewer>%FF/%FF<the rest>` | cut between characters, again and again |
 * | a last one that is also a folder (`a` beside `a/b`) | `a%2F` | no segment has a slash |
 * | with an escape in its text (`%2F`) | `%252F` | so that every name has one meaning |
 * | portable names: `<>:"\|?*` and control characters | `%3C` … | also a dot or blank at the end, and the first letter of `CON`, `NUL`, … |
 *
 * The mapping is one to one: a file whose name no key would be given (`x%2Ey`) is no object. Any other `%` stands for itself.
 *
 * With literal names an escape is one only where the mapping writes it: as a whole name (`%00`, `%2E`, `%2E%2E`, `%2Ecistern`), at its
 * end (`%2F`, `%FF`) or at its beginning (`%FF`). Anywhere else it is a name's own text, so that the files of others (`a%2Fb.html`) have keys.
 */

/** Bytes of a name that file systems take: Linux, macOS, and (in UTF-16) Windows. */
const NAME_BYTES_MAX = 255;

export const EMPTY = '%00';
export const BESIDE = '%2F';
export const CONTINUED = '%FF';
/** The folder of what is the store's own. */
export const OWN_FOLDER = '.cistern';

export interface KeyPathOptions {
  /** names that Windows takes, too */
  readonly portable: boolean;
  /** names of others are objects' wherever they can be; not with `portable`. `false` when left out */
  readonly literal?: boolean | undefined;
}

/** What the mapping writes with literal names, with any number of `25` between where the text had one already. */
const LITERAL_ESCAPES =
  /^%(?:25)*(?:00|2E|2E%2E)$|^%(?:25)*2E(?=[Cc][Ii][Ss][Tt][Ee][Rr][Nn]$)|^%(?:25)*FF|%(?:25)*(?:2F|FF)$/g;

export class KeyPaths {
  /** which characters are escaped wherever they stand */
  readonly #forbidden: RegExp | undefined;
  readonly #escapes: RegExp;
  readonly #portable: boolean;

  constructor({ portable, literal = false }: KeyPathOptions) {
    this.#portable = portable;
    // oxlint-disable-next-line no-control-regex
    this.#forbidden = portable ? /[<>:"\\|?*\u0001-\u001f]/g : undefined;
    // Only what the mapping itself writes is an escape: `100%20` and `%41` are plain names.
    this.#escapes = portable
      ? /%(?:00|2E|25|2F|FF|3C|3E|3A|22|5C|7C|3F|2A|0[1-9A-F]|1[0-9A-F]|20|[4-6][0-9A-F]|7[0-9A])/g
      : literal
        ? LITERAL_ESCAPES
        : /%(?:00|2E|25|2F|FF)/g;
  }

  /** @returns the names from the root to the file of `key`; with `beside`, to where it goes if the first is a folder */
  toNames(key: string, beside = false): string[] {
    const segments = key.split('/');
    const last = segments.length - 1;
    return segments.flatMap((segment, index) =>
      this.segmentNames(segment, index === 0, beside && index === last),
    );
  }

  /** Whether a name needs no look: it is its own segment, unless it is the store's own folder. */
  isPlain(name: string): boolean {
    return !this.#portable && !name.includes('%');
  }

  /** @returns the names of one segment: one, unless it is too long */
  segmentNames(segment: string, isFirst: boolean, beside = false): string[] {
    return cut(this.#encode(segment, isFirst) + (beside ? BESIDE : ''));
  }

  /**
   * @param names what `segmentNames` could have given
   * @returns the segment; `undefined` when no segment has these names
   */
  toSegment(names: readonly string[], isFirst: boolean, beside = false): string | undefined {
    let joined = '';
    for (const [index, name] of names.entries()) {
      const end = index < names.length - 1 ? name.length - CONTINUED.length : name.length;
      joined += name.slice(index === 0 ? 0 : CONTINUED.length, end);
    }
    if (beside) joined = joined.slice(0, -BESIDE.length);
    const segment = joined === EMPTY ? '' : this.#decode(joined);
    if (!segment.isWellFormed() || segment.includes('/') || segment.includes('\0')) return undefined;
    const canonical = this.segmentNames(segment, isFirst, beside);
    return canonical.length === names.length && canonical.every((name, i) => name === names[i])
      ? segment
      : undefined;
  }

  #encode(segment: string, isFirst: boolean): string {
    if (segment === '') return EMPTY;
    if (segment === '.') return '%2E';
    if (segment === '..') return '%2E%2E';
    // A per cent sign is one of the text's own only where it would be taken for an escape.
    let name = segment.includes('%')
      ? segment.replaceAll(this.#escapes, (found) => `%25${found.slice(1)}`)
      : segment;
    if (isFirst && segment.toLowerCase() === OWN_FOLDER) name = `%2E${name.slice(1)}`;
    if (!this.#portable || this.#forbidden === undefined) return name;
    name = name.replaceAll(this.#forbidden, escape);
    if (RESERVED.test(name)) name = escape(name.charAt(0)) + name.slice(1);
    return /[. ]$/.test(name) ? name.slice(0, -1) + escape(name.slice(-1)) : name;
  }

  #decode(name: string): string {
    if (!name.includes('%')) return name;
    return name.replaceAll(this.#escapes, (found) =>
      found.startsWith('%25') ? `%${found.slice(3)}` : found.replaceAll(/%(..)/g, unescape),
    );
  }
}

/** Names that Windows gives to devices, whatever follows after a dot. */
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;

function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescape(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

/** Whole escapes, and whole characters: what a name may be cut between. */
const UNITS = /%[0-9A-F]{2}|[^]/gu;

function cut(name: string): string[] {
  // A unit of UTF-16 has three bytes at most: most names need not be counted.
  if (name.length * 3 <= NAME_BYTES_MAX || Buffer.byteLength(name) <= NAME_BYTES_MAX) return [name];
  const names: string[] = [];
  let piece = '';
  let bytes = 0;
  let rest = Buffer.byteLength(name);
  for (const [unit] of name.matchAll(UNITS)) {
    const size = Buffer.byteLength(unit);
    if (bytes + rest > NAME_BYTES_MAX && bytes + size > NAME_BYTES_MAX - CONTINUED.length) {
      names.push(piece + CONTINUED);
      piece = CONTINUED;
      bytes = CONTINUED.length;
    }
    piece += unit;
    bytes += size;
    rest -= size;
  }
  return [...names, piece];
}
