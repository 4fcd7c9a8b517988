/** @module ETags of objects that were appended to, as our server makes them: from that of what was there and that of what came. */

import { hash } from 'node:crypto';

/** The part before the number of parts. ETags without quotes, lower-case hex. */
export function appendedMd5(before: string, added: string): string {
  return `${hash('md5', `${before} ${added}`, 'hex')}-`;
}
