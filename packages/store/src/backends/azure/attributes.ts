/**
 * Attributes as headers of Azure. Names of metadata must be identifiers there: other characters are written `_x2d_` (their
 * code in hexadecimal), so `with-dash` becomes `with_x2d_dash`. Values that are empty or not ASCII are written `utf-8''`
 * and percent-encoded. Names that begin with `cistern_` are the library's own.
 */

import { ATTRIBUTE_HEADERS } from '../../attributes.ts';
import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { Attributes } from '../../object-store.ts';

const META = 'x-ms-meta-';
const OWN = 'cistern_';
const ENCODED = "utf-8''";
const ASCII = /^[\u0020-\u007e]+$/;

export type Headers = Record<string, string>;
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** @throws {StoreError} `InvalidArgument` for text beyond ASCII where Azure, and browsers, take none */
export function attributeHeaders(attributes: Attributes, operation: StoreOperation, key: string): Headers {
  const headers: Headers = metadataHeaders(attributes.metadata ?? {});
  for (const [name, header] of ATTRIBUTE_HEADERS) {
    const value = attributes[name];
    if (value === undefined || value === '') continue;
    if (!ASCII.test(value)) {
      throw new StoreError(
        'InvalidArgument',
        `Azure keeps ${name} in ASCII alone; names of files can be written filename*=UTF-8''...`,
        { operation, key },
      );
    }
    headers[`x-ms-blob-${header}`] = value;
  }
  return headers;
}

export function metadataHeaders(metadata: Readonly<Record<string, string>>): Headers {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`${META}${encodeName(name)}`, encodeValue(value)]),
  );
}

/** Metadata of the library's own, which no caller sees. */
export function ownHeader(name: string, value: string): Headers {
  return { [`${META}${OWN}${name}`]: encodeValue(value) };
}

export function ownValue(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[`${META}${OWN}${name}`];
  return typeof value === 'string' ? decodeValue(value) : undefined;
}

export function readAttributes(headers: AnswerHeaders): Attributes {
  const attributes: { -readonly [name in keyof Attributes]: Attributes[name] } = {};
  for (const [name, header] of ATTRIBUTE_HEADERS) {
    const value = headers[header];
    if (typeof value === 'string' && value !== '') attributes[name] = value;
  }
  const metadata = Object.create(null) as Record<string, string>;
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(META) || typeof value !== 'string') continue;
    const name = header.slice(META.length);
    if (!isOwn(name)) metadata[decodeName(name)] = decodeValue(value);
  }
  if (Object.keys(metadata).length > 0) attributes.metadata = metadata;
  return attributes;
}

/** @param name as Azure has it */
function isOwn(name: string): boolean {
  // What callers call so has an encoded character in that place.
  return name.startsWith(OWN) && !/^cistern_x[0-9a-f]{2}_/.test(name);
}

function encodeName(name: string): string {
  const escape = (character: string): string => `_x${character.charCodeAt(0).toString(16).padStart(2, '0')}_`;
  return name
    .replace(/_(?=x[0-9a-f]{2}[^a-z0-9])|(?<=^cistern)_/g, escape)
    .replace(/[^a-z0-9_]|^[0-9]/g, escape);
}

function decodeName(name: string): string {
  return name.replace(/_x([0-9a-f]{2})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function encodeValue(value: string): string {
  return ASCII.test(value) && !value.startsWith(ENCODED) ? value : ENCODED + encodeURIComponent(value);
}

function decodeValue(value: string): string {
  if (!value.startsWith(ENCODED)) return value;
  try {
    return decodeURIComponent(value.slice(ENCODED.length));
  } catch {
    // Not of our making.
    return value;
  }
}
