/** Checksums as transfers compare them: CRC-32 as S3 has it, in Base64, and of joined pieces. */

import { hash } from 'node:crypto';
import { combineChecksums, crc32, formatChecksum } from '@cistern/protocol/client';
import type { StoredPart } from './part-target.ts';

export function crc32Text(value: number): string {
  const digest = Buffer.allocUnsafe(4);
  digest.writeUInt32BE(value);
  return formatChecksum(digest);
}

/** @param pieces in order; lengths in bytes */
export function combinedCrc32(pieces: Iterable<{ readonly crc32: number; readonly length: number }>): string {
  function* parts(): Generator<{ value: string; length: number }> {
    for (const { crc32: value, length } of pieces) yield { value: crc32Text(value), length };
  }
  return combineChecksums('CRC32', parts());
}

/** Whether a part that is there has these bytes, as far as the store tells: `false` where it tells nothing. */
export function isStoredPart(part: StoredPart, bytes: Uint8Array): boolean {
  if (part.size !== bytes.byteLength) return false;
  if (part.crc32 !== undefined) return part.crc32 === crc32Text(crc32(bytes));
  return part.md5 !== undefined && part.md5 === hash('md5', bytes, 'hex');
}
