/**
 * Text beyond ASCII in headers. Metadata takes encoded words (RFC 2047), as S3 itself gives them back; other headers take
 * the bytes of UTF-8. Values are latin1 on the wire: one character a byte.
 */

/** What has to be encoded: anything beyond printable ASCII, and what would be taken for an encoded word. */
const PLAIN = /^[\u0020-\u007e]*$/;
const LOOKS_ENCODED = /=\?/;
const WORD = /=\?utf-8\?([bq])\?([^?]*)\?=/gi;
/** An encoded word has at most 75 characters, of which 12 are not Base64: whole characters in 45 bytes. */
const WORD_BYTES_MAX = 45;

export function encodeMetadata(value: string): string {
  if (PLAIN.test(value) && !LOOKS_ENCODED.test(value)) return value;
  const words: string[] = [];
  let word = '';
  let bytes = 0;
  for (const character of value) {
    const length = Buffer.byteLength(character);
    if (bytes + length > WORD_BYTES_MAX) {
      words.push(word);
      word = '';
      bytes = 0;
    }
    word += character;
    bytes += length;
  }
  words.push(word);
  return words.map((text) => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`).join(' ');
}

export function decodeMetadata(raw: string): string {
  if (!LOOKS_ENCODED.test(raw)) return decodeUtf8(raw);
  // Blanks between two encoded words belong to neither.
  const joined = raw.replaceAll(/(\?=)\s+(?==\?utf-8\?[bq]\?)/gi, '$1');
  let bytes = Buffer.alloc(0);
  let at = 0;
  // Joined as bytes: others cut characters between words.
  for (const match of joined.matchAll(WORD)) {
    const [whole, encoding = '', text = ''] = match;
    bytes = Buffer.concat([
      bytes,
      Buffer.from(joined.slice(at, match.index), 'latin1'),
      decodeWord(encoding, text),
    ]);
    at = match.index + whole.length;
  }
  bytes = Buffer.concat([bytes, Buffer.from(joined.slice(at), 'latin1')]);
  return bytes.toString('utf8');
}

function decodeWord(encoding: string, text: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(text, 'base64');
  const quoted = text
    .replaceAll('_', ' ')
    .replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(quoted, 'latin1');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The bytes of UTF-8, one character each. */
export function encodeUtf8(value: string): string {
  return PLAIN.test(value) ? value : Buffer.from(value).toString('latin1');
}

/** Bytes that are no UTF-8 are latin1, as HTTP has it. */
export function decodeUtf8(raw: string): string {
  if (PLAIN.test(raw)) return raw;
  try {
    return utf8.decode(Buffer.from(raw, 'latin1'));
  } catch {
    return raw;
  }
}
