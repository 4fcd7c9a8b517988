/** Secrets that somebody has written into a URL by mistake: they are not repeated. */

/** What stands between `//` and the host. */
const BEFORE_HOST = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'@]+(?:@[^\s/"'@]+)*@/gi;
/** A colon that is not followed by a port: a secret with a slash in it ends what looks like the host. */
const NO_PORT = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'@:[\]]+:(?!\d{1,5}(?:[^\w@+=]|$))[^\s/"'][^\s"']*/gi;

/** `https://user:password@host` without what stands before the host. Keys and folders with an `@` stay as they are. */
export function redact(text: string): string {
  return text.replace(BEFORE_HOST, '$1***@').replace(NO_PORT, '$1***');
}

/** Whether there is something before the host of a URL that may be a secret. */
export function mayHaveSecret(text: string): boolean {
  return redact(text) !== text;
}
