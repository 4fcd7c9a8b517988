/** Names from elsewhere, made safe to print: a key may hold what would move the cursor, or turn the text around. */

/** Control characters and invisible ones that change the direction or the shape of others. */
const UNPRINTABLE = /[\p{Cc}\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|\p{Cs}/gu;

/** One line, each such character as `\u{1b}`. Everything else stays as it is. */
export function printable(name: string): string {
  return name.replace(UNPRINTABLE, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same of a text whose lines are our own: they stay. */
export function printableLines(text: string): string {
  return text.replace(UNPRINTABLE, (sign) => (sign === '\n' ? sign : printable(sign)));
}

/** The same of JSON, which has a way to write them. */
export function escapedJson(json: string): string {
  return json.replace(UNPRINTABLE, (signs) =>
    Array.from(
      { length: signs.length },
      (_, at) => `\\u${signs.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
