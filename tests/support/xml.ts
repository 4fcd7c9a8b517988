/**
 * @module Reads values out of S3's answers by element name.
 *
 * It is not an XML parser, and on purpose not the server's own: a fault of that one must not hide itself. It may
 * assume well-formed answers without comments, CDATA or attributes that hold `>`.
 */

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescape(escaped: string): string {
  return escaped.replaceAll(
    /&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g,
    (whole, hex: string, decimal: string, name: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return NAMED[name] ?? whole;
    },
  );
}

/** The inner XML of every element called `name`, in order, nested ones of other names included. */
export function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*?)?(?:/>|>(.*?)</${name}>)`, 'gs');
  return [...xml.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** The text of every element called `name`. */
export function texts(xml: string, name: string): string[] {
  return elements(xml, name).map(unescape);
}

/** The text of the first element called `name`. */
export function text(xml: string, name: string): string | undefined {
  const first = elements(xml, name)[0];
  return first === undefined ? undefined : unescape(first);
}
