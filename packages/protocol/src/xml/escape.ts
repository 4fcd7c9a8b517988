/** @module Text in XML documents. */

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const SPECIAL = /[<>&"\u0000-\u0008\u000b-\u001f\u007f\t\n]/;
// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const SPECIALS = /[<>&"\u0000-\u0008\u000b-\u001f\u007f\t\n]/g;

/**
 * Text as element content. Control characters become numeric references, as S3 writes them, although XML 1.0 has no
 * way to say most of them: a client that may meet such keys asks for `encoding-type=url`.
 */
export function escapeXml(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(SPECIALS, (character) => {
    switch (character) {
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '&':
        return '&amp;';
      case '"':
        return '&quot;';
      default:
        return `&#x${character.charCodeAt(0).toString(16)};`;
    }
  });
}
