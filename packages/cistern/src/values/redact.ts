/** Secrets that somebody has written into a URL by mistake: they are not repeated. */

/** What stands between `//` and the host. */
const BEFORE_HOST = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'@]+(?:@[^\s/"'@]+)*@/gi;
/** A colon that is not followed by a port: a secret with a slash in it ends what looks like the host. */
const NO_PORT = /([a-z][a-z0-9+.-]*:\/\/)[^\s/"'@:[\]]+:(?!\d{1,5}(?:[^\w@+=]|$))[^\s/"'][^\s"']*/gi;

/** What makes a URL a key to what it names: signatures and tokens of S3 and Azure, and parts of a connection string. */
const IN_QUERY =
  /([?&;](?:sig|signature|x-amz-(?:signature|credential|security-token)|accountkey|sharedaccesssignature)=)[^&;\s"']+/gi;

/**
 * `https://user:password@host` without what stands before the host, and `?sig=…` without the signature. Keys and folders with an
 * `@` stay as they are.
 */
export function redact(text: string): string {
  return text.replace(BEFORE_HOST, '$1***@').replace(NO_PORT, '$1***').replace(IN_QUERY, '$1***');
}

/** Whether there is something in a URL that may be a secret. */
export function mayHaveSecret(text: string): boolean {
  return redact(text) !== text;
}
