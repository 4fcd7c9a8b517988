/**
 * @module The canonical form of a request, which Signature Version 4 hashes and signs.
 *
 * Made from the raw target and the raw headers only, never from a parsed URL or a merged header object: what was
 * signed must be what is served. Strings are latin1, one character for one byte.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
 */

import type { RawHeaders } from '../raw-headers.ts';
import { ALGORITHM, hmacHex, sha256Hex, type SigningKey } from './signing-key.ts';
import { decodeQueryComponent, normalizePath, normalizeQueryComponent } from './uri-encode.ts';

/** One `name=value` of a raw query. */
export interface QueryPair {
  /** decoded to bytes (latin1) */
  name: string;
  /** as sent, name and value */
  raw: string;
  rawName: string;
  /** empty when the parameter has no `=` */
  rawValue: string;
}

/** A path and a query in canonical form. */
export interface CanonicalTarget {
  path: string;
  query: string;
}

/** Cuts a request target (origin or absolute form) into its raw path and its raw query without the `?`. */
export function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  let path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!path.startsWith('/')) {
    const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/.exec(path);
    if (absolute !== null) path = path.slice(absolute[0].length);
  }
  return { path: path === '' ? '/' : path, query };
}

/** Reads a raw query into its parameters, in order. Empty runs between `&` are no parameters. */
export function parseRawQuery(raw: string): QueryPair[] {
  if (raw === '') return [];
  const pairs: QueryPair[] = [];
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const rawName = equals < 0 ? part : part.slice(0, equals);
    const rawValue = equals < 0 ? '' : part.slice(equals + 1);
    pairs.push({ name: decodeQueryComponent(rawName), raw: part, rawName, rawValue });
  }
  return pairs;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A signature cannot sign itself. */
function withoutSignature(pairs: readonly QueryPair[]): readonly QueryPair[] {
  return pairs.filter(({ name }) => name !== 'X-Amz-Signature');
}

function sortedQuery(pairs: readonly QueryPair[], encode: (raw: string) => string): string {
  const encoded = withoutSignature(pairs).map(
    (pair) => [encode(pair.rawName), encode(pair.rawValue)] as const,
  );
  encoded.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return encoded.map(([name, value]) => `${name}=${value}`).join('&');
}

/** The canonical query: each parameter encoded in the one canonical way, sorted by name, then by value. */
export function canonicalQuery(pairs: readonly QueryPair[]): string {
  return pairs.length === 0 ? '' : sortedQuery(pairs, normalizeQueryComponent);
}

/** The one form that a signature is made of by the book, and by nearly all clients. */
export function canonicalTarget(path: string, pairs: readonly QueryPair[]): CanonicalTarget {
  return { path: normalizePath(path), query: canonicalQuery(pairs) };
}

/**
 * The other forms that a client may have signed for one target, likeliest first, without repetition.
 *
 * Clients differ in what they escape on the wire and in what they sign, so the path is tried normalised and exactly as
 * sent, and the query also sorted but not escaped anew, and in the order sent (curl 7.88 does). Every form is derived
 * from the raw target alone and means the same resource.
 */
export function* otherTargets(path: string, pairs: readonly QueryPair[]): Generator<CanonicalTarget> {
  const { path: normalPath, query: normalQuery } = canonicalTarget(path, pairs);
  if (path !== normalPath) yield { path, query: normalQuery };
  const asSent = withoutSignature(pairs)
    .map(({ raw }) => raw)
    .join('&');
  for (const query of new Set([normalQuery, sortedQuery(pairs, (raw) => raw), asSent])) {
    if (query === normalQuery) continue;
    yield { path: normalPath, query };
    if (path !== normalPath) yield { path, query };
  }
}

/**
 * Whether a value holds blanks that a signature does not tell from others: tabs, or several in a row. What names a
 * source must not: whoever holds a signed request could make it name another, of which only the blanks differ.
 */
export function isLooseInSignature(value: string): boolean {
  return / {2}|\t/.test(value);
}

function canonicalValue(value: string): string {
  // Not trim(): it would also take the byte 0xA0, with which a UTF-8 character may end.
  return /^ | $| {2}|\t/.test(value) ? value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '') : value;
}

/**
 * `name:value` lines for the given lower-case names, in their order. A name that the request does not carry has an
 * empty value, so it can only verify if the client signed it empty.
 */
export function canonicalHeaders(headers: RawHeaders, names: readonly string[]): string {
  let lines = '';
  for (const name of names) {
    const values = headers.all(name);
    const [first = ''] = values;
    const value = values.length > 1 ? values.map(canonicalValue).join(',') : canonicalValue(first);
    lines += `${name}:${value}\n`;
  }
  return lines;
}

export interface CanonicalParts {
  method: string;
  target: CanonicalTarget;
  /** from `canonicalHeaders` */
  headerLines: string;
  /** lower-case names joined by `;` */
  signedHeaders: string;
  /** the hash or the literal of `x-amz-content-sha256` */
  payload: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  const { method, target, headerLines, signedHeaders, payload } = parts;
  return `${method}\n${target.path}\n${target.query}\n${headerLines}\n${signedHeaders}\n${payload}`;
}

/** @param scope formatted, `YYYYMMDD/region/s3/aws4_request` */
export function stringToSign(canonical: string, amzDate: string, scope: string): string {
  return `${ALGORITHM}\n${amzDate}\n${scope}\n${sha256Hex(canonical)}`;
}

export function signCanonical(key: SigningKey, canonical: string, amzDate: string, scope: string): string {
  return hmacHex(key, stringToSign(canonical, amzDate, scope));
}
