/**
 * Names of files that are being written: beside their target, hidden, and with an ending of ours, so that listings leave them out and a
 * rename stays within one folder.
 */

import { createHash, randomBytes } from 'node:crypto';
import { PARTIAL_SUFFIX } from '../../transfers/local-target.ts';

const BEGINNING = '.';
/** Bytes of a name that file systems take. */
const NAME_BYTES_MAX = 255;

export function isPartial(name: string): boolean {
  return name.endsWith(PARTIAL_SUFFIX) && name.startsWith(BEGINNING);
}

/** A name that nobody else has, also not another writer of the same file. */
export function newPartialName(name: string): string {
  const ending = `.${randomBytes(6).toString('hex')}${PARTIAL_SUFFIX}`;
  const whole = BEGINNING + name + ending;
  if (Buffer.byteLength(whole) <= NAME_BYTES_MAX) return whole;
  return BEGINNING + createHash('sha256').update(name).digest('hex') + ending;
}
