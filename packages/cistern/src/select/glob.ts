/**
 * Patterns for keys, as regular expressions. Of our own, because `rm` acts on what matches: the usual libraries read `[!ab]`, `{1..12}`
 * or parentheses in their own ways, and never match a segment `..`, which is a name like any other in a key.
 *
 * | pattern | matches |
 * |---|---|
 * | `*` | any number of signs but `/`; as a whole segment at least one |
 * | `**` as a whole segment | any number of segments, also none |
 * | `?` | one sign but `/` |
 * | `[abc]`, `[a-z]`, `[!abc]` | one of these, or none of them; never `/` |
 * | `{a,b}`, `{1..12}`, `{01..12}` | one of these |
 * | `\*` | the sign itself |
 */

import { usage } from '../failures/failure.ts';

/** Numbers that one `{1..n}` may stand for: each becomes a part of the expression. */
const RANGE_MAX = 10_000;

/** What makes a text a pattern: a sign that stands for others, or one that is escaped so that it does not. */
const MAGIC = /[*?]|\[[^\]/]+\]|\{[^{}]*(?:,|\.\.)[^{}]*\}|\{[^{}]*\{|\\[*?[\]{}\\]/;

/** @returns where the first sign of a pattern stands; -1 in plain text */
export function globStart(text: string): number {
  return text.search(MAGIC);
}

/** The source of a regular expression (flags `su`, not anchored) that matches as `pattern` does. @throws {Failure} usage */
export function globSource(pattern: string): string {
  return translate(pattern, true, true);
}

/** @throws {Failure} usage */
export function globExpression(pattern: string): RegExp {
  return new RegExp(`^(?:${globSource(pattern)})$`, 'su');
}

/** The plain text with which all that matches begins. */
export function literalStart(pattern: string): string {
  let text = '';
  for (let at = 0; at < pattern.length; at++) {
    let sign = pattern[at] ?? '';
    if ('*?[{'.includes(sign)) break;
    if (sign === '\\') sign = pattern[++at] ?? sign;
    text += sign;
  }
  return text;
}

/** The parts between slashes; a slash in braces does not part. */
export function globSegments(pattern: string): string[] {
  return splitOutside(pattern, '/');
}

/** Whether a segment can match what has slashes. */
export function spansSegments(segment: string): boolean {
  return segment.includes('/') || segment.includes('**');
}

/** @param opens what is before begins a segment @param ends what is after ends one */
function translate(pattern: string, opens: boolean, ends: boolean): string {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at] ?? '';
    const isFirst = at === 0 ? opens : pattern[at - 1] === '/';
    if (sign === '*') {
      let after = at;
      while (pattern[after] === '*') after++;
      const isLast = after === pattern.length ? ends : pattern[after] === '/';
      if (!isFirst || !isLast) source += '[^/]*';
      else if (after === at + 1) source += '[^/]+';
      else if (after === pattern.length) source += '.*';
      else source += '(?:.*/)?';
      // The slash belongs to the segments of which there may be none.
      at = isFirst && after > at + 1 && pattern[after] === '/' ? after : after - 1;
    } else if (sign === '?') {
      source += '[^/]';
    } else if (sign === '[') {
      const [taken, length] = translateClass(pattern, at);
      source += taken;
      at += length - 1;
    } else if (sign === '{') {
      const end = closingBrace(pattern, at);
      const isLast = end === pattern.length - 1 ? ends : pattern[end + 1] === '/';
      const content = pattern.slice(at + 1, end);
      const taken = end === -1 ? undefined : translateBraces(content, isFirst, isLast);
      source += taken ?? escape(sign);
      if (taken !== undefined) at = end;
    } else {
      if (sign === '\\' && at + 1 < pattern.length) at++;
      const point = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
      source += escape(point);
      at += point.length - 1;
    }
  }
  return source;
}

/** @returns the expression of the class that begins at `start`, and how many signs it takes; of a plain `[` when it does not end */
function translateClass(pattern: string, start: number): [string, number] {
  const [whole = '', negation, signs = ''] = /^\[([!^]?)(\]?[^\]/]*)\]/.exec(pattern.slice(start)) ?? [];
  if (signs === '') return [escape('['), 1];
  const body = signs.replace(/[\\\]^[]/g, (sign) => `\\${sign}`);
  // As in a shell: a bar that is first or last, and not between two signs, is itself.
  const safe = body.replace(/^-|-$/g, String.raw`\-`);
  try {
    const source = negation === '' ? `[${safe}]` : `(?!/)[^${safe}]`;
    void new RegExp(source, 'su');
    return [source, whole.length];
  } catch {
    throw usage(
      `${whole} is no range of signs`,
      'Write [a-z], the smaller one first; --literal takes names as they are',
    );
  }
}

/** @returns undefined for braces that hold neither a list nor a range */
function translateBraces(content: string, opens: boolean, ends: boolean): string | undefined {
  const alternatives = splitOutside(content, ',');
  if (alternatives.length > 1) {
    return `(?:${alternatives.map((one) => translate(one, opens, ends)).join('|')})`;
  }
  const [, from, to] = /^(-?\d{1,9})\.\.(-?\d{1,9})$/.exec(content) ?? [];
  if (from === undefined || to === undefined) {
    const [, first, last] = /^([A-Za-z])\.\.([A-Za-z])$/.exec(content) ?? [];
    if (first === undefined || last === undefined) return undefined;
    return first <= last ? `[${first}-${last}]` : `[${last}-${first}]`;
  }
  const [low, high] = [Math.min(Number(from), Number(to)), Math.max(Number(from), Number(to))];
  if (high - low >= RANGE_MAX)
    throw usage(`{${content}} stands for too many numbers`, `At most ${RANGE_MAX}`);
  const isPadded = [from, to].some((one) => /^-?0\d/.test(one));
  const width = isPadded ? Math.max(from.length, to.length) : 0;
  const numbers = Array.from({ length: high - low + 1 }, (_, index) => pad(low + index, width));
  return `(?:${numbers.join('|')})`;
}

function pad(number: number, width: number): string {
  return number < 0 ? `-${String(-number).padStart(width - 1, '0')}` : String(number).padStart(width, '0');
}

function closingBrace(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === '{') depth++;
    else if (pattern[at] === '}' && --depth === 0) return at;
  }
  return -1;
}

function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') {
      at++;
    } else if (text[at] === '{') {
      const end = closingBrace(text, at);
      if (end !== -1) at = end;
    } else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function escape(sign: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(sign) ? `\\${sign}` : sign;
}

/** The pattern that matches `text` alone; `text` itself where nothing in it would be read as a pattern. */
export function escapeGlob(text: string): string {
  return globStart(text) === -1 ? text : text.replace(/[\\*?[\]{}]/g, String.raw`\$&`);
}
