/**
 * @module A bounded parser for the small XML documents that clients send.
 *
 * It knows elements, attributes (read and dropped), text, comments, CDATA and the five entities; no DTD, no processing
 * instructions but the declaration, no other entities. Names lose their namespace prefix.
 */

import { S3Error } from '../errors.ts';

export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** All text directly inside, references resolved; white space kept. */
  readonly text: string;
}

const DEPTH_MAX = 16;
/** A CompleteMultipartUpload of 10,000 parts has 80,001 with every checksum, and 40,001 with one. */
const ELEMENTS_MAX = 100_000;

const NAME = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const ATTRIBUTE = /\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;
const DECLARATION = /^<\?xml\s[^?]*\?>/;
const CHARACTER = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/;
const SLASH = 0x2f;
const OPENED = { closed: undefined };
/** From the ampersand to the semicolon. */
const REFERENCE_LENGTH_MAX = 9;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** Most elements of a large document have text and nothing else: they share one. Never written to. */
const NO_CHILDREN: XmlElement[] = [];
/** Documents use a few names again and again: more than these are looked at anew each time. */
const NAMES_KEPT_MAX = 64;

interface OpenElement {
  name: string;
  tag: string;
  children: XmlElement[];
  text: string;
}

/**
 * Parses a whole document.
 *
 * @throws S3Error MalformedXML for whatever is not well-formed, not UTF-8, or beyond the limits
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new S3Error('MalformedXML');
  }
  return new Parser(source).document();
}

class Parser {
  readonly #source: string;
  readonly #names = new Map<string, string>();
  #at = 0;
  #count = 0;

  constructor(source: string) {
    this.#source = source;
  }

  document(): XmlElement {
    this.#at = DECLARATION.exec(this.#source)?.[0].length ?? 0;
    const stack: OpenElement[] = [];
    for (;;) {
      const next = this.#source.indexOf('<', this.#at);
      const text = this.#source.slice(this.#at, next === -1 ? undefined : next);
      const open = stack.at(-1);
      if (open !== undefined) {
        if (text !== '') open.text += resolve(text);
      } else if (text.trim() !== '') throw new S3Error('MalformedXML');
      if (next === -1) throw new S3Error('MalformedXML');
      this.#at = next;
      const closed = this.#markup(stack);
      if (closed !== undefined) {
        const parent = stack.at(-1);
        if (parent === undefined) return this.#end(closed);
        if (parent.children === NO_CHILDREN) parent.children = [closed];
        else parent.children.push(closed);
      }
    }
  }

  /** One tag, comment or CDATA section; returns the element that it ends. */
  #markup(stack: OpenElement[]): XmlElement | undefined {
    const plain = this.#plainTag(stack);
    if (plain !== undefined) return plain.closed;
    if (this.#skips('<!--')) {
      this.#through('-->');
      return undefined;
    }
    if (this.#skips('<![CDATA[')) {
      const text = this.#through(']]>');
      const open = stack.at(-1);
      if (open === undefined) throw new S3Error('MalformedXML');
      open.text += text;
      return undefined;
    }
    if (this.#skips('</')) {
      const tag = this.#match(NAME);
      this.#match(/\s*/y);
      const open = stack.pop();
      if (open?.tag !== tag || !this.#skips('>')) throw new S3Error('MalformedXML');
      return open;
    }
    if (!this.#skips('<')) throw new S3Error('MalformedXML');
    const tag = this.#match(NAME);
    // One at a time: a pattern that repeats itself a million times runs out of stack.
    while (this.#matches(ATTRIBUTE));
    this.#match(/\s*/y);
    if (++this.#count > ELEMENTS_MAX || stack.length >= DEPTH_MAX) throw new S3Error('MalformedXML');
    this.#keepName(tag);
    const element = { name: localName(tag), tag, children: NO_CHILDREN, text: '' };
    if (this.#skips('/>')) return element;
    if (!this.#skips('>')) throw new S3Error('MalformedXML');
    stack.push(element);
    return undefined;
  }

  /**
   * `<name>` and `</name>` of names that were seen before, which is what large documents consist of: no pattern is matched. In a
   * listing of 1,000 objects this is twice as fast.
   *
   * @returns undefined for all else, which is left to be read
   */
  #plainTag(stack: OpenElement[]): { readonly closed: XmlElement | undefined } | undefined {
    const end = this.#source.indexOf('>', this.#at);
    if (end === -1) return undefined;
    if (this.#source.charCodeAt(this.#at + 1) === SLASH) {
      const open = stack.at(-1);
      if (open?.tag.length !== end - this.#at - 2 || !this.#source.startsWith(open.tag, this.#at + 2)) {
        return undefined;
      }
      stack.pop();
      this.#at = end + 1;
      return { closed: open };
    }
    const tag = this.#source.slice(this.#at + 1, end);
    const name = this.#names.get(tag);
    if (name === undefined || this.#count >= ELEMENTS_MAX || stack.length >= DEPTH_MAX) return undefined;
    this.#count++;
    this.#at = end + 1;
    stack.push({ name, tag, children: NO_CHILDREN, text: '' });
    return OPENED;
  }

  #keepName(tag: string): void {
    if (this.#names.size < NAMES_KEPT_MAX) this.#names.set(tag, localName(tag));
  }

  /** Nothing but comments and white space may follow the root. */
  #end(root: XmlElement): XmlElement {
    for (;;) {
      this.#match(/\s*/y);
      if (!this.#skips('<!--')) break;
      this.#through('-->');
    }
    if (this.#at !== this.#source.length) throw new S3Error('MalformedXML');
    return root;
  }

  #skips(literal: string): boolean {
    if (!this.#source.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  #through(end: string): string {
    const found = this.#source.indexOf(end, this.#at);
    if (found === -1) throw new S3Error('MalformedXML');
    const text = this.#source.slice(this.#at, found);
    this.#at = found + end.length;
    return text;
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.test(this.#source);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) throw new S3Error('MalformedXML');
    this.#at += match[0].length;
    return match[0];
  }
}

function localName(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

/** By hand: a pattern with a function takes seconds for a document of nothing else. */
function resolve(text: string): string {
  let resolved = '';
  let from = 0;
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at);
    if (end === -1 || end - at > REFERENCE_LENGTH_MAX) throw new S3Error('MalformedXML');
    const name = text.slice(at + 1, end);
    resolved += text.slice(from, at) + (ENTITIES.get(name) ?? character(name));
    from = end + 1;
  }
  return from === 0 ? text : resolved + text.slice(from);
}

function character(name: string): string {
  const [, hex, decimal] = CHARACTER.exec(name) ?? [];
  if (hex === undefined && decimal === undefined) throw new S3Error('MalformedXML');
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new S3Error('MalformedXML');
  return String.fromCodePoint(code);
}

/** The only child of that name; undefined when there is none. @throws S3Error MalformedXML when there are several */
export function optionalChild(element: XmlElement, name: string): XmlElement | undefined {
  const found = element.children.filter((child) => child.name === name);
  if (found.length > 1) throw new S3Error('MalformedXML');
  return found[0];
}

/** The text of an element that holds nothing else. @throws S3Error MalformedXML when there are elements in it */
export function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw new S3Error('MalformedXML');
  return element.text;
}

/** The same of the only child of that name; undefined when there is none. */
export function optionalText(element: XmlElement, name: string): string | undefined {
  const child = optionalChild(element, name);
  return child === undefined ? undefined : textOf(child);
}
