/** Finds where the directory of an archive is, from its end: comments, ZIP64 and things in front of the archive included. */

import { StoreError } from '../../errors.ts';
import type { ArchiveSource } from './archive-source.ts';
import { LENGTH, MAX16, MAX32, readBig, SIGNATURE, view } from './format.ts';

export interface DirectoryEnd {
  /** entries */
  readonly count: number;
  /** of the directory, in the archive */
  readonly start: number;
  readonly bytes: number;
  /** what offsets count from: not 0 when something was put in front of the archive */
  readonly base: number;
  readonly comment: Uint8Array;
}

interface Claims {
  readonly count: number;
  readonly bytes: number;
  readonly offset: number;
  /** where the directory must end */
  readonly end: number;
}

/** @throws {StoreError} `Corrupt` for what is no archive, or not all of one */
export async function findEnd(source: ArchiveSource): Promise<DirectoryEnd> {
  const { size, name } = source;
  const tailStart = Math.max(0, size - LENGTH.end - MAX16 - LENGTH.locator64);
  const tail = await source.read(tailStart, size);
  const at = findRecord(tail);
  if (at === undefined) throw noArchive(name);
  const data = view(tail);
  const claims32 = {
    count: data.getUint16(at + 10, true),
    bytes: data.getUint32(at + 12, true),
    offset: data.getUint32(at + 16, true),
    end: tailStart + at,
  };
  const locatorAt = at - LENGTH.locator64;
  const is64 = locatorAt >= 0 && data.getUint32(locatorAt, true) === SIGNATURE.locator64;
  const claims = is64
    ? await read64(source, tailStart + locatorAt, readBig(data, locatorAt + 8), claims32)
    : claims32;
  if (!is64 && (data.getUint16(at + 4, true) !== 0 || data.getUint16(at + 8, true) !== claims.count)) {
    throw new StoreError('Unsupported', `${name} is one of several disks: join them first`);
  }
  const start = claims.end - claims.bytes;
  const base = start - claims.offset;
  if (start < 0 || base < 0) throw noArchive(name);
  const commentAt = at + LENGTH.end;
  const comment = tail.slice(commentAt, commentAt + data.getUint16(at + 20, true));
  return { count: claims.count, start, bytes: claims.bytes, base, comment };
}

/** From the end backwards; the comment must fit, and most often ends with the archive. */
function findRecord(tail: Uint8Array): number | undefined {
  const data = view(tail);
  let fitting: number | undefined;
  for (let at = tail.byteLength - LENGTH.end; at >= 0; at--) {
    if (data.getUint32(at, true) !== SIGNATURE.end) continue;
    const end = at + LENGTH.end + data.getUint16(at + 20, true);
    if (end === tail.byteLength) return at;
    if (end < tail.byteLength) fitting ??= at;
  }
  return fitting;
}

/** The record of ZIP64 stands before its locator; where the locator says is wrong when something stands in front. */
async function read64(
  source: ArchiveSource,
  locator: number,
  offset: number,
  claims32: Claims,
): Promise<Claims> {
  const at = locator - LENGTH.end64;
  let found: { readonly start: number; readonly data: DataView } | undefined;
  for (const start of [offset, at]) {
    if (start < 0 || start > at || found !== undefined) continue;
    const data = view(await source.read(start, start + LENGTH.end64));
    if (data.getUint32(0, true) === SIGNATURE.end64) found = { start, data };
  }
  if (found === undefined) throw noArchive(source.name);
  const { start, data } = found;
  const claims = {
    count: readBig(data, 32),
    bytes: readBig(data, 40),
    offset: readBig(data, 48),
    end: start,
  };
  // Two directories in one archive would be read as one by some, as the other by others.
  const agree =
    [MAX16, claims.count].includes(claims32.count) &&
    [MAX32, claims.bytes].includes(claims32.bytes) &&
    [MAX32, claims.offset].includes(claims32.offset);
  if (!agree || !Number.isSafeInteger(claims.count)) throw noArchive(source.name);
  return claims;
}

function noArchive(name: string): StoreError {
  return new StoreError(
    'Corrupt',
    `${name} is no zip archive, or was cut off: its directory is not at its end`,
  );
}
