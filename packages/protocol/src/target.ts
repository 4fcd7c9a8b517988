/**
 * @module What the raw request target and the Host header address: a bucket, a key, and a query.
 *
 * Everything is decoded exactly once, from the bytes on the request line; nothing is normalised: `//`, `.` and `..` are
 * part of a key. Signatures are judged elsewhere, over the same raw target.
 */

import { invalidArgument, S3Error } from './errors.ts';

export const KEY_BYTES_MAX = 1024;

/** A decoded query, in the order it came. A parameter without `=` has an empty value. */
export class Query {
  readonly #pairs: readonly (readonly [name: string, value: string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.#pairs = pairs;
  }

  /** The first value; undefined when absent. */
  get(name: string): string | undefined {
    return this.#pairs.find((pair) => pair[0] === name)?.[1];
  }

  has(name: string): boolean {
    return this.#pairs.some((pair) => pair[0] === name);
  }

  names(): string[] {
    return this.#pairs.map((pair) => pair[0]);
  }

  entries(): readonly (readonly [name: string, value: string])[] {
    return this.#pairs;
  }
}

const EMPTY_QUERY = new Query([]);

export interface Target {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: Query;
}

/**
 * Resolves the target in path style, or in virtual-host style when the host is `<bucket>.<one of domains>`.
 *
 * @param target as on the request line (latin1); also in absolute form
 * @throws S3Error InvalidURI, KeyTooLongError, InvalidArgument (the query is not percent-encoded UTF-8)
 */
export function parseTarget(target: string, host: string | undefined, domains: readonly string[]): Target {
  const { hostBucket, rawBucket, rawKey, rawQuery } = cutTarget(target, host, domains);
  const query = parseQuery(rawQuery);
  let bucket = hostBucket;
  if (bucket === undefined) {
    bucket = rawBucket === '' ? undefined : decodePath(rawBucket);
    // "//key" names no bucket, but it is not the service either.
    if (bucket === undefined && rawKey !== '') throw new S3Error('InvalidURI');
  }
  if (rawKey === '') return { bucket, key: undefined, query };
  const key = decodePath(rawKey);
  checkKeyLength(key);
  return { bucket, key, query };
}

/**
 * What a target addresses that `parseTarget` refuses: names as they stand there, the query without what cannot be
 * decoded; undefined when it addresses nothing.
 */
export function outlineTarget(
  target: string,
  host: string | undefined,
  domains: readonly string[],
): Target | undefined {
  if (!isPath(target)) return undefined;
  const { hostBucket, rawBucket, rawKey, rawQuery } = cutTarget(target, host, domains);
  const bucket = hostBucket ?? (rawBucket || undefined);
  const key = rawKey || undefined;
  if (bucket === undefined && key !== undefined) return undefined;
  const readable = rawQuery.split('&').filter((part) => decode(part) !== undefined);
  return { bucket, key, query: parseQuery(readable.join('&')) };
}

/** The parts of a target as they stand there. @throws S3Error InvalidURI */
function cutTarget(
  target: string,
  host: string | undefined,
  domains: readonly string[],
): { hostBucket: string | undefined; rawBucket: string; rawKey: string; rawQuery: string } {
  const mark = target.indexOf('?');
  const path = pathOf(mark === -1 ? target : target.slice(0, mark));
  const rawQuery = mark === -1 ? '' : target.slice(mark + 1);
  const hostBucket = bucketOfHost(host, domains);
  if (hostBucket !== undefined) return { hostBucket, rawBucket: '', rawKey: path.slice(1), rawQuery };
  const slash = path.indexOf('/', 1);
  const rawBucket = slash === -1 ? path.slice(1) : path.slice(1, slash);
  return { hostBucket, rawBucket, rawKey: slash === -1 ? '' : path.slice(slash + 1), rawQuery };
}

/** @throws S3Error KeyTooLongError */
export function checkKeyLength(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= KEY_BYTES_MAX) return;
  throw new S3Error('KeyTooLongError', undefined, {
    Size: String(bytes),
    MaxSizeAllowed: String(KEY_BYTES_MAX),
  });
}

const AUTHORITY = /^https?:\/\/([^/?]*)/i;

/** The host and port that a target in absolute form names; undefined: it is a path. */
export function authorityOf(target: string): string | undefined {
  return target.startsWith('/') ? undefined : AUTHORITY.exec(target)?.[1];
}

const isPath = (target: string): boolean => target.startsWith('/') || AUTHORITY.test(target);

function pathOf(rawPath: string): string {
  if (!isPath(rawPath)) throw new S3Error('InvalidURI');
  return rawPath.startsWith('/') ? rawPath : rawPath.replace(AUTHORITY, '') || '/';
}

/** The bucket that a Host header names, in virtual-host style; undefined: the path does. */
export function bucketOfHost(host: string | undefined, domains: readonly string[]): string | undefined {
  if (host === undefined || domains.length === 0) return undefined;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  let bucket: string | undefined;
  for (const one of domains) {
    const domain = one.toLowerCase();
    if (name === domain) return undefined;
    if (name.length <= domain.length + 1 || !name.endsWith(`.${domain}`)) continue;
    // Of domains that end alike the longest leaves the shortest bucket.
    const candidate = name.slice(0, -domain.length - 1);
    if (bucket === undefined || candidate.length < bucket.length) bucket = candidate;
  }
  return bucket;
}

/** Raw bytes of a part of the target as text. */
function decodePath(raw: string): string {
  const decoded = decode(raw);
  if (decoded === undefined) throw new S3Error('InvalidURI');
  return decoded;
}

const PLAIN = /^[\x20-\x24\x26-\x7e]*$/;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;
const NOT_ASCII = /[\x80-\xff]+/g;

/** Percent-decodes latin1 text that stands for bytes, strictly as UTF-8: no overlong forms, no lone surrogates. */
function decode(raw: string): string | undefined {
  if (PLAIN.test(raw)) return raw;
  if (BAD_ESCAPE.test(raw)) return undefined;
  // Bytes above ASCII that came unencoded are encoded first, so that one decoder judges all.
  const encoded = raw.replace(NOT_ASCII, (bytes) => {
    const hex = Buffer.from(bytes, 'latin1').toString('hex');
    return hex.replace(/../g, '%$&');
  });
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Text of a header that is percent-encoded UTF-8; undefined when it is not. */
export const decodeKeyText = decode;

function parseQuery(raw: string): Query {
  if (raw === '') return EMPTY_QUERY;
  const pairs: (readonly [string, string])[] = [];
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? '' : part.slice(equals + 1);
    pairs.push([decodeQuery(name), decodeQuery(value)]);
  }
  return new Query(pairs);
}

function decodeQuery(raw: string): string {
  const decoded = decode(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
  if (decoded === undefined) throw invalidArgument('The query is not percent-encoded UTF-8.', 'query', raw);
  return decoded;
}
