/** Which keys can be names of blobs. Azure changes some names on the way; those are refused, so that no key becomes another. */

import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { checkKey } from '../../keys.ts';

/** Azure counts characters, at most 1,024: a key of as many bytes never has more. */
export const KEY_BYTES_MAX = 1024;
const SEGMENTS_MAX = 254;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0001-\u001f\u007f-\u009f\ufffe\uffff]/;

/** @throws {StoreError} `InvalidKey` */
export function checkBlobName(key: string, operation: StoreOperation): void {
  checkKey(key, operation, KEY_BYTES_MAX);
  const wrong = whatIsWrong(key);
  if (wrong !== undefined) throw new StoreError('InvalidKey', `Azure ${wrong}`, { operation, key });
}

function whatIsWrong(key: string): string | undefined {
  if (key.includes('\\')) return 'takes a backslash for a slash: no key can have one';
  if (/\.(?:\/|$)/.test(key)) return 'drops dots at the end of a name or of a folder: no key can have them';
  if (CONTROL.test(key)) return 'takes no control characters in keys';
  if (key.split('/').length > SEGMENTS_MAX) return `takes at most ${SEGMENTS_MAX} folders in a key`;
  return undefined;
}

/** The name as it stands in a URL's path. */
export function encodeBlobName(name: string): string {
  return encodeURIComponent(name).replaceAll('%2F', '/');
}
