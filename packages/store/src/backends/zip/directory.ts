/**
 * Reads the directory of an archive, and nothing else of it. What it says is checked against itself and the archive's size:
 * entries that overlap, claim more than deflate can give, or point outside make the archive `Corrupt`.
 *
 * It is read as one piece of memory, and entries keep where their record stands in it: 100,000 of them take some 50 MB.
 */

import { crc32 } from 'node:zlib';
import { StoreError } from '../../errors.ts';
import type { ArchiveSource } from './archive-source.ts';
import { findEnd } from './directory-end.ts';
import type { DirectoryEnd } from './directory-end.ts';
import { EXTRA, FLAG, findExtra, LENGTH, MAX32, METHOD, readBig, SIGNATURE, view } from './format.ts';
import { decodeName } from './names.ts';

/** What an archive may ask of whoever opens it. */
export interface ZipLimits {
  /** entries; 1,000,000 when left out */
  readonly entriesMax?: number | undefined;
  /** bytes of the directory; 256 MiB when left out */
  readonly directoryBytesMax?: number | undefined;
  /**
   * how many times its packed size an entry may claim to have; when left out 1,032, which is the most that deflate can do.
   * Whatever an entry claims, it is read as a stream, and no more than that.
   */
  readonly ratioMax?: number | undefined;
}

const ENTRIES_MAX = 1_000_000;
const DIRECTORY_BYTES_MAX = 256 * 1024 * 1024;
const RATIO_MAX = 1032;
/** Small entries, and the few bytes that each stream of deflate begins and ends with. */
const RATIO_SLACK_BYTES = 1024;

/** Systems that made an archive: Unix, and OS X. */
const UNIX: ReadonlySet<number | undefined> = new Set([3, 19]);

export interface RawEntry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  readonly packedSize: number;
  /** where its local header stands in the archive */
  readonly offset: number;
  /** where the next thing begins: nothing of this entry is there or later */
  readonly limit: number;
  /** its record in the directory */
  readonly record: Uint8Array;
}

export interface Directory {
  /** by where they stand in the archive */
  readonly entries: readonly RawEntry[];
  /** what stands in front of the archive; offsets in it count from there */
  readonly base: number;
  /** the first byte that belongs to an entry or the directory */
  readonly start: number;
  readonly comment: Uint8Array;
}

/** @throws {StoreError} `Corrupt`, `TooLarge` (limits), `Unsupported` (parts of an archive of several disks) */
export async function readDirectory(source: ArchiveSource, limits: ZipLimits): Promise<Directory> {
  const end = await findEnd(source);
  const { name } = source;
  const { entriesMax = ENTRIES_MAX, directoryBytesMax = DIRECTORY_BYTES_MAX, ratioMax = RATIO_MAX } = limits;
  if (end.count > entriesMax) {
    throw new StoreError(
      'TooLarge',
      `${name} has ${end.count} entries, and ${entriesMax} are allowed (entriesMax)`,
    );
  }
  if (end.bytes > directoryBytesMax) {
    throw new StoreError(
      'TooLarge',
      `${name} has a directory of ${end.bytes} bytes, and ${directoryBytesMax} are allowed (directoryBytesMax)`,
    );
  }
  const bytes = await source.read(end.start, end.start + end.bytes);
  const entries = parseEntries(bytes, end, name);
  for (const entry of entries) checkSizes(entry, ratioMax, name);
  setLimits(entries, end.start, name);
  return { entries, base: end.base, start: entries[0]?.offset ?? end.start, comment: end.comment };
}

type Draft = { -readonly [field in keyof RawEntry]: RawEntry[field] };

function parseEntries(bytes: Uint8Array, end: DirectoryEnd, archive: string): Draft[] {
  const data = view(bytes);
  const entries: Draft[] = [];
  let at = 0;
  for (let index = 0; index < end.count; index++) {
    if (at + LENGTH.central > bytes.byteLength || data.getUint32(at, true) !== SIGNATURE.central) {
      throw corrupt(archive, `entry ${index} of its directory is missing, or the directory is encrypted`);
    }
    const nameEnd = at + LENGTH.central + data.getUint16(at + 28, true);
    const extraEnd = nameEnd + data.getUint16(at + 30, true);
    const next = extraEnd + data.getUint16(at + 32, true);
    if (next > bytes.byteLength) throw corrupt(archive, `entry ${index} leaves its directory`);
    entries.push(
      parseEntry(
        bytes.subarray(at, next),
        nameEnd - at,
        bytes.subarray(nameEnd, extraEnd),
        end.base,
        archive,
      ),
    );
    at = next;
  }
  if (at !== bytes.byteLength) throw corrupt(archive, 'its directory has more in it than it says');
  return entries;
}

function parseEntry(
  record: Uint8Array,
  nameEnd: number,
  extra: Uint8Array,
  base: number,
  archive: string,
): Draft {
  const data = view(record);
  const flags = data.getUint16(8, true);
  const rawName = record.subarray(LENGTH.central, nameEnd);
  const name =
    unicodeName(rawName, extra) ?? decodeName(rawName, (flags & FLAG.utf8) !== 0, UNIX.has(record[5]));
  if (name === undefined) throw corrupt(archive, 'a name in it is no UTF-8, and says that it is');
  if ((flags & FLAG.masked) !== 0) {
    throw new StoreError('Unsupported', `${archive} has an encrypted directory: decrypt it first`);
  }
  const entry = {
    name,
    method: data.getUint16(10, true),
    flags,
    crc: data.getUint32(16, true),
    packedSize: data.getUint32(20, true),
    size: data.getUint32(24, true),
    offset: data.getUint32(42, true),
    limit: 0,
    record,
  };
  const disk = widen(entry, data.getUint16(34, true), extra, archive);
  if (disk !== 0) throw new StoreError('Unsupported', `${archive} is one of several disks: join them first`);
  entry.offset += base;
  return entry;
}

/** Takes from the field of ZIP64 what is too large for its own. @returns the disk */
function widen(entry: Draft, disk: number, extra: Uint8Array, archive: string): number {
  const wide = [entry.size, entry.packedSize, entry.offset].map((value) => value === MAX32);
  if (!wide.includes(true) && disk !== 0xffff) return disk;
  const field = findExtra(extra, EXTRA.zip64) ?? new Uint8Array(0);
  const needed = wide.filter(Boolean).length * 8 + (disk === 0xffff ? 4 : 0);
  if (field.byteLength < needed) {
    // Exactly this large, from before there was ZIP64.
    if (field.byteLength === 0 && disk !== 0xffff) return disk;
    throw corrupt(archive, `${entry.name} has sizes of ZIP64 without their field`);
  }
  const data = view(field);
  let at = 0;
  const next = (): number => readBig(data, (at += 8) - 8);
  if (wide[0] === true) entry.size = next();
  if (wide[1] === true) entry.packedSize = next();
  if (wide[2] === true) entry.offset = next();
  return disk === 0xffff ? data.getUint32(at, true) : disk;
}

/** The name in UTF-8 that Info-ZIP adds to one that it cannot write; good for the name that its checksum names. */
function unicodeName(rawName: Uint8Array, extra: Uint8Array): string | undefined {
  const field = extra.byteLength === 0 ? undefined : findExtra(extra, EXTRA.unicodePath);
  if (field === undefined || field.byteLength < 5 || field[0] !== 1) return undefined;
  if (view(field).getUint32(1, true) !== crc32(rawName)) return undefined;
  return decodeName(field.subarray(5), true, true);
}

function checkSizes(
  { name, method, flags, size, packedSize }: RawEntry,
  ratioMax: number,
  archive: string,
): void {
  if (method === METHOD.stored && (flags & FLAG.encrypted) === 0 && size !== packedSize) {
    throw corrupt(archive, `${name} is stored, and has two sizes`);
  }
  if (size > packedSize * ratioMax + RATIO_SLACK_BYTES) {
    throw corrupt(archive, `${name} claims ${size} bytes packed into ${packedSize}: a bomb`);
  }
}

/** Sorts the entries, and gives each the room up to the next. */
function setLimits(entries: Draft[], directoryStart: number, archive: string): void {
  entries.sort((a, b) => a.offset - b.offset);
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index];
    if (entry === undefined) break;
    entry.limit = entries[index + 1]?.offset ?? directoryStart;
    const least = LENGTH.local + view(entry.record).getUint16(28, true) + entry.packedSize;
    if (entry.offset < 0 || entry.offset + least > entry.limit) {
      throw corrupt(archive, `${entry.name} overlaps what follows it, or lies outside`);
    }
  }
}

export function corrupt(archive: string, what: string): StoreError {
  return new StoreError('Corrupt', `${archive} is damaged or hostile: ${what}`);
}
