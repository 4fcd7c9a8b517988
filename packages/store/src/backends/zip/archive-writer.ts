/**
 * The bytes of a whole archive: what is kept as it stands, in long runs and not unpacked, then what is new, then the
 * directory. What stands in front of the archive stays there, and so does its comment.
 */

import { concat } from '../../body.ts';
import type { ArchiveSource } from './archive-source.ts';
import type { Directory, RawEntry } from './directory.ts';
import { makeOwn } from './entry.ts';
import type { ZipEntry } from './entry.ts';
import { EXTRA, FLAG, LENGTH, makeExtra, MAX16, MAX32, SIGNATURE, toDosTime, view } from './format.ts';

export interface ArchivePlan {
  readonly old: { readonly source: ArchiveSource; readonly directory: Directory } | undefined;
  /** some of the old directory's entries, in its order */
  readonly kept: readonly RawEntry[];
  readonly added: readonly ZipEntry[];
}

/** Versions of the format: what 2.0 can do, and ZIP64. Made by Unix, so that the mode below counts. */
const VERSION = { plain: 20, zip64: 45 } as const;
const UNIX = 3 << 8;
/** A plain file that its owner may write. */
const FILE_MODE = 0o100_644;

const encoder = new TextEncoder();

export async function* writeArchive({ old, kept, added }: ArchivePlan): AsyncGenerator<Uint8Array> {
  const base = old?.directory.base ?? 0;
  const records: Uint8Array[] = [];
  let position = old?.directory.start ?? 0;
  if (old !== undefined) {
    yield* old.source.stream(0, position);
    for (const run of runsOf(kept)) {
      yield* old.source.stream(run.start, run.end);
      for (const entry of run.entries) {
        records.push(moved(entry.record, entry.offset + position - run.start - base));
      }
      position += run.end - run.start;
    }
  }
  for (const entry of added) {
    const header = localHeader(entry);
    records.push(directoryRecord(entry, position - base));
    yield header;
    yield* entry.data.stream(0, entry.packedSize);
    position += header.byteLength + entry.packedSize;
  }
  yield* records;
  const bytes = records.reduce((sum, record) => sum + record.byteLength, 0);
  const comment = old?.directory.comment ?? new Uint8Array(0);
  yield endRecords(records.length, bytes, position - base, position + bytes - base, comment);
}

interface KeptRun {
  readonly start: number;
  end: number;
  readonly entries: RawEntry[];
}

/** Entries that stand one behind the other. */
function runsOf(kept: readonly RawEntry[]): KeptRun[] {
  const runs: KeptRun[] = [];
  for (const entry of kept) {
    const last = runs.at(-1);
    if (last?.end === entry.offset) {
      last.end = entry.limit;
      last.entries.push(entry);
    } else {
      runs.push({ start: entry.offset, end: entry.limit, entries: [entry] });
    }
  }
  return runs;
}

/** A record whose entry has moved towards the beginning: the place has room wherever it was. */
function moved(record: Uint8Array, offset: number): Uint8Array {
  const copy = record.slice();
  const data = view(copy);
  if (data.getUint32(42, true) !== MAX32) {
    data.setUint32(42, offset, true);
    return copy;
  }
  const nameEnd = LENGTH.central + data.getUint16(28, true);
  const extraEnd = nameEnd + data.getUint16(30, true);
  for (let at = nameEnd; at + 4 <= extraEnd; at += 4 + data.getUint16(at + 2, true)) {
    if (data.getUint16(at, true) !== EXTRA.zip64) continue;
    // Sizes come first, where they are too large for their own fields.
    const before = [20, 24].filter((field) => data.getUint32(field, true) === MAX32).length * 8;
    data.setBigUint64(at + 4 + before, BigInt(offset), true);
    return copy;
  }
  data.setUint32(42, offset, true);
  return copy;
}

function localHeader(entry: ZipEntry): Uint8Array {
  const isLarge = entry.size >= MAX32 || entry.packedSize >= MAX32;
  const name = encoder.encode(entry.key);
  const extras = [timeExtra(entry.info.lastModified)];
  if (isLarge) extras.push(wideExtra([entry.size, entry.packedSize]));
  const fields = new Uint8Array(LENGTH.local);
  const data = view(fields);
  data.setUint32(0, SIGNATURE.local, true);
  setCommon(data, 4, entry, isLarge ? MAX32 : undefined);
  data.setUint16(4, isLarge ? VERSION.zip64 : VERSION.plain, true);
  data.setUint16(26, name.byteLength, true);
  data.setUint16(28, lengthOf(extras), true);
  return concat([fields, name, ...extras]);
}

function directoryRecord(entry: ZipEntry, offset: number): Uint8Array {
  const isLarge = entry.size >= MAX32 || entry.packedSize >= MAX32;
  const isFar = offset >= MAX32;
  const name = encoder.encode(entry.key);
  const extras = [timeExtra(entry.info.lastModified), makeOwn(entry.info)];
  const wide = [...(isLarge ? [entry.size, entry.packedSize] : []), ...(isFar ? [offset] : [])];
  if (wide.length > 0) extras.push(wideExtra(wide));
  const fields = new Uint8Array(LENGTH.central);
  const data = view(fields);
  data.setUint32(0, SIGNATURE.central, true);
  data.setUint16(4, UNIX | VERSION.zip64, true);
  setCommon(data, 6, entry, isLarge ? MAX32 : undefined);
  data.setUint16(6, isLarge || isFar ? VERSION.zip64 : VERSION.plain, true);
  data.setUint16(28, name.byteLength, true);
  data.setUint16(30, lengthOf(extras), true);
  data.setUint32(38, FILE_MODE * 0x10000, true);
  data.setUint32(42, isFar ? MAX32 : offset, true);
  return concat([fields, name, ...extras]);
}

/** What both headers have, from the version needed on. @param sizes what stands for both of them */
function setCommon(data: DataView, at: number, entry: ZipEntry, sizes: number | undefined): void {
  const { time, date } = toDosTime(entry.info.lastModified);
  // Names of ASCII are the same in every code page.
  // oxlint-disable-next-line no-control-regex
  data.setUint16(at + 2, /^[\u0000-\u007f]*$/.test(entry.key) ? 0 : FLAG.utf8, true);
  data.setUint16(at + 4, entry.method, true);
  data.setUint16(at + 6, time, true);
  data.setUint16(at + 8, date, true);
  data.setUint32(at + 10, entry.crc, true);
  data.setUint32(at + 14, sizes ?? entry.packedSize, true);
  data.setUint32(at + 18, sizes ?? entry.size, true);
}

function timeExtra(when: Date): Uint8Array {
  const payload = new Uint8Array(5);
  payload[0] = 1;
  view(payload).setInt32(1, Math.floor(when.getTime() / 1000), true);
  return makeExtra(EXTRA.time, payload);
}

function wideExtra(numbers: readonly number[]): Uint8Array {
  const payload = new Uint8Array(numbers.length * 8);
  for (const [i, number] of numbers.entries()) view(payload).setBigUint64(i * 8, BigInt(number), true);
  return makeExtra(EXTRA.zip64, payload);
}

/** @param end where the records go: all that is before them */
function endRecords(
  count: number,
  bytes: number,
  offset: number,
  end: number,
  comment: Uint8Array,
): Uint8Array {
  const records: Uint8Array[] = [];
  if (count >= MAX16 || bytes >= MAX32 || offset >= MAX32) {
    const end64 = new Uint8Array(LENGTH.end64 + LENGTH.locator64);
    const data = view(end64);
    data.setUint32(0, SIGNATURE.end64, true);
    data.setBigUint64(4, BigInt(LENGTH.end64 - 12), true);
    data.setUint16(12, UNIX | VERSION.zip64, true);
    data.setUint16(14, VERSION.zip64, true);
    for (const [at, value] of [
      [24, count],
      [32, count],
      [40, bytes],
      [48, offset],
    ] as const) {
      data.setBigUint64(at, BigInt(value), true);
    }
    data.setUint32(LENGTH.end64, SIGNATURE.locator64, true);
    data.setBigUint64(LENGTH.end64 + 8, BigInt(end), true);
    data.setUint32(LENGTH.end64 + 16, 1, true);
    records.push(end64);
  }
  const last = new Uint8Array(LENGTH.end);
  const data = view(last);
  data.setUint32(0, SIGNATURE.end, true);
  data.setUint16(8, Math.min(count, MAX16), true);
  data.setUint16(10, Math.min(count, MAX16), true);
  data.setUint32(12, Math.min(bytes, MAX32), true);
  data.setUint32(16, Math.min(offset, MAX32), true);
  data.setUint16(20, comment.byteLength, true);
  return concat([...records, last, comment]);
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
