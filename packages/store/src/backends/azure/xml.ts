/**
 * Reads the flat documents that the service sends: listings and errors. No parser for XML in general: these have no comments, no
 * CDATA, and no element within one of its own name.
 */

import { StoreError } from '../../errors.ts';

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** An element's content as it stands, and its name. */
export interface Element {
  readonly name: string;
  readonly content: string;
}

/** All elements of these names, as they come. */
export function* elements(xml: string, names: readonly string[]): Generator<Element> {
  const opening = new RegExp(`<(${names.join('|')})(?:\\s[^>]*)?>`, 'g');
  for (let match = opening.exec(xml); match !== null; match = opening.exec(xml)) {
    const [tag, name = ''] = match;
    if (tag.endsWith('/>')) continue;
    const end = xml.indexOf(`</${name}>`, opening.lastIndex);
    if (end === -1) return;
    yield { name, content: xml.slice(opening.lastIndex, end) };
    opening.lastIndex = end;
  }
}

/** The text of the first element of that name; `undefined` when there is none. */
export function textOf(xml: string, name: string): string | undefined {
  for (let at = xml.indexOf(`<${name}`); at !== -1; at = xml.indexOf(`<${name}`, at + 1)) {
    const start = xml.indexOf('>', at);
    const tag = xml.slice(at + 1 + name.length, start);
    // Another name that begins like this one.
    if (tag !== '' && !/^[\s/]/.test(tag)) continue;
    if (tag.endsWith('/')) return '';
    const end = xml.indexOf(`</${name}>`, start);
    if (end === -1) return undefined;
    const text = resolve(xml.slice(start + 1, end));
    // Names with characters that XML cannot hold.
    return tag.includes('Encoded="true"') ? decode(text) : text;
  }
  return undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new StoreError('Unexpected', `Azure’s ${JSON.stringify(text)} is not encoded as it says`, {
      cause: error,
    });
  }
}

function resolve(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w{2,4}));/g,
    (all, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? all;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      // What is no character stands for itself.
      return point > 0x10_ff_ff || (point >= 0xd800 && point < 0xe000) ? all : String.fromCodePoint(point);
    },
  );
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
