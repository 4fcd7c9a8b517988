/**
 * @module Percent-encoding as Signature Version 4 defines it, over latin1 "byte strings" and over text.
 *
 * It is not a URL parser: `//`, `.` and `..` stay, nothing is resolved. Malformed escapes are kept as a literal
 * percent sign, since refusing them is the business of whoever decodes the key.
 * Source: "UriEncode" in https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and RFC 3986.
 */

const ONLY_UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const ONLY_UNRESERVED_OR_SLASH = /^[A-Za-z0-9\-._~/]*$/;

const SLASH = 0x2f;
const PERCENT = 0x25;
const PLUS = 0x2b;

/** How each byte is written: itself when unreserved, else `%XX`. */
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return ONLY_UNRESERVED.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return -1;
}

/** The byte that the escape at `index` stands for, or -1 if it is not an escape. */
function escapeAt(raw: string, index: number): number {
  const high = hexDigit(raw.charCodeAt(index + 1));
  const low = hexDigit(raw.charCodeAt(index + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/**
 * Decodes the escapes of a raw path once and encodes it again in the one canonical way.
 * A `/` stays a `/` and an encoded slash stays `%2F`: the two are different keys.
 */
export function normalizePath(raw: string): string {
  if (ONLY_UNRESERVED_OR_SLASH.test(raw)) return raw;
  let result = '';
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code === SLASH) {
      result += '/';
      continue;
    }
    const escaped = code === PERCENT ? escapeAt(raw, i) : -1;
    if (escaped >= 0) i += 2;
    result += ENCODED[escaped >= 0 ? escaped : code & 0xff];
  }
  return result;
}

/** The same for a name or value of a raw query, where `+` is a space and no character is special. */
export function normalizeQueryComponent(raw: string): string {
  if (ONLY_UNRESERVED.test(raw)) return raw;
  let result = '';
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    const escaped = code === PERCENT ? escapeAt(raw, i) : -1;
    if (escaped >= 0) i += 2;
    result += code === PLUS ? '%20' : ENCODED[escaped >= 0 ? escaped : code & 0xff];
  }
  return result;
}

/** Decodes a name or value of a raw query to its bytes, as a latin1 string. */
export function decodeQueryComponent(raw: string): string {
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  let result = '';
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    const escaped = code === PERCENT ? escapeAt(raw, i) : -1;
    if (escaped >= 0) i += 2;
    result += code === PLUS ? ' ' : String.fromCharCode(escaped >= 0 ? escaped : code);
  }
  return result;
}

/** Encodes text (as UTF-8) for use as a query name or value: everything but unreserved characters. */
export function encodeQueryComponent(text: string): string {
  if (ONLY_UNRESERVED.test(text)) return text;
  let result = '';
  for (const byte of Buffer.from(text, 'utf8')) result += ENCODED[byte];
  return result;
}

/** Encodes an object key (as UTF-8) for use in a path: everything but unreserved characters and `/`. */
export function encodeKey(key: string): string {
  if (ONLY_UNRESERVED_OR_SLASH.test(key)) return key;
  let result = '';
  for (const byte of Buffer.from(key, 'utf8')) result += byte === SLASH ? '/' : ENCODED[byte];
  return result;
}
