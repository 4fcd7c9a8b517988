/** Names of entries: their text, and which of them are keys. */

/** The upper half of code page 437, in which names are that do not say otherwise. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * @param isUtf8 as the entry's flags say
 * @param fromUnix made where names are bytes, most often UTF-8: taken so when they are, whatever the flags say
 * @returns `undefined` for bytes that are no UTF-8 though they say so
 */
export function decodeName(bytes: Uint8Array, isUtf8: boolean, fromUnix: boolean): string | undefined {
  if (isUtf8 || fromUnix) {
    try {
      return utf8.decode(bytes);
    } catch {
      if (isUtf8) return undefined;
    }
  }
  return fromCp437(bytes);
}

function fromCp437(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte < 128 ? String.fromCharCode(byte) : CP437.charAt(byte - 128);
  return text;
}

/**
 * Why a name is not safe as a key: whoever writes it out below a folder would write elsewhere.
 *
 * @returns `undefined` for a safe one
 */
export function whatIsUnsafe(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name.includes('\0')) return 'has NUL in it';
  if (name.includes('\\')) return 'has a backslash, which is a folder to some';
  if (name.startsWith('/')) return 'begins at the root';
  if (/^[A-Za-z]:/.test(name)) return 'begins with a drive';
  if (/(?:^|\/)\.\.(?:\/|$)/.test(name)) return 'goes up by ..';
  return undefined;
}

/** A folder's own entry, as other programs make them. */
export function isFolderName(name: string): boolean {
  return name.endsWith('/');
}
