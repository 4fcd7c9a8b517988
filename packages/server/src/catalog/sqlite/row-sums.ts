/**
 * The sums of rows: SQLite has no checksum of a page, so a row that a disk has changed says so itself. Those of extents
 * are arithmetic that SQL does, because completing an upload moves thousands in a statement; they change by what was
 * changed, so that a row that is wrong stays so. Of rows of an older format blobs and the feed alone may have none (null).
 */

import { crc32 } from '@cistern/protocol';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 as crc32OfText } from 'node:zlib';
import type { Version } from '../catalog.ts';
import type { Part } from '../uploads.ts';

/** The greatest prime below 2^32. */
const PRIME = 4_294_967_291;

/** Different for each column, so that values that are exchanged are found; a change of one is found for certain. */
const WEIGHTS = { manifest: 61, start: 67, length: 71, blob: 73, offset: 79 } as const;

type ExtentColumn = keyof typeof WEIGHTS;

/** SQL: the sum of an extent whose columns are those expressions. */
export function extentSum(columns: Readonly<Record<ExtentColumn, string>>): string {
  const terms = Object.entries(WEIGHTS).map(
    ([name, weight]) => `${weight} * ${columns[name as ExtentColumn]}`,
  );
  return `((${terms.join(' + ')}) % ${PRIME})`;
}

/** The same sum, of a row that was read: SQLite takes longer for it than for all the rest of a small object. */
export function sumOfExtent(columns: Readonly<Record<ExtentColumn, number>>): number {
  const { manifest, start, length, blob, offset } = columns;
  const { manifest: m, start: s, length: l, blob: b, offset: o } = WEIGHTS;
  const total = m * manifest + s * start + l * length + b * blob + o * offset;
  if (total < Number.MAX_SAFE_INTEGER) return total % PRIME;
  const exact = Object.entries(WEIGHTS).map(
    ([name, weight]) => BigInt(weight) * BigInt(columns[name as ExtentColumn]),
  );
  return Number(exact.reduce((sum, term) => sum + term) % BigInt(PRIME));
}

/** SQL: the sum of a row of which a column of that weight changes by so much. Parameters are doubles, which lose the product. */
function movedSum(weight: number, by: string): string {
  return `(((sum + ${weight} * CAST(${by} AS INTEGER)) % ${PRIME} + ${PRIME}) % ${PRIME})`;
}

/** SQL: the sum of an extent of which a column changes by so much. */
export function movedExtentSum(column: ExtentColumn, by: string): string {
  return movedSum(WEIGHTS[column], by);
}

/** SQL: 1 when the extent `e` is what was written. */
export function extentIsWhole(e: string): string {
  const of = (name: ExtentColumn): string => `${e}.${name}`;
  const sum = extentSum({
    manifest: of('manifest'),
    start: of('start'),
    length: of('length'),
    blob: of('blob'),
    offset: of('offset'),
  });
  return `(${e}.sum IS ${sum})`;
}

/** What of a version changes while it is one, or from one bucket to its fork: apart from the rest, for SQL to move. */
const VERSION_WEIGHTS = { bucket: 61, seq: 67, since: 71, isNull: 73, restored: 79, retired: 83 } as const;

/** Where its row stands, but for the place, which fsck holds to the others of its key. */
export interface Standing {
  readonly bucket: number;
  readonly retiredSeq: number | null;
}

export function versionSum(v: Version, { bucket, retiredSeq }: Standing): number {
  const text = `${v.key}\0${v.size}\0${v.etag}\0${v.modifiedMs}\0${v.storageClass}\0${v.manifest}\0${v.extents}\0${v.parts}\0${v.checksumAlgorithm}\0${v.checksumValue}\0${v.tags}\0${v.attributes}\0${v.deleteMarker}`;
  const w = VERSION_WEIGHTS;
  const numbers =
    w.bucket * (bucket % PRIME) +
    w.seq * (v.seq % PRIME) +
    w.since * (v.since % PRIME) +
    w.isNull * Number(v.isNull) +
    w.restored * ((v.restoredUntilMs ?? 0) % PRIME) +
    w.retired * ((retiredSeq ?? 0) % PRIME);
  return (crc32OfText(text) + ownerSum(v.owner) + numbers) % PRIME;
}

let lastOwner = '';
let lastOwnerSum = 0;

/** Most versions are of the same one. */
export function ownerSum(owner: string): number {
  if (owner !== lastOwner) {
    lastOwner = owner;
    lastOwnerSum = crc32OfText(owner);
  }
  return lastOwnerSum;
}

/**
 * SQL: the sum of a copy of a version that is a null version of the bucket `fork`, made and standing since it was.
 *
 * @param owner by how much the sum of its owner's name is greater
 */
export function forkedVersionSum(fork: string, owner: string): string {
  const w = VERSION_WEIGHTS;
  const was = `${w.bucket} * bucket + ${w.seq} * seq + ${w.since} * since + ${w.isNull} * is_null
    + ${w.retired} * coalesce(retired_seq, 0)`;
  return movedSum(1, `${w.bucket + w.seq + w.since} * ${fork} + ${w.isNull} + ${owner} - (${was})`);
}

/** SQL: the sum of a version that is retired under that number. */
export function retiredVersionSum(retiredSeq: string): string {
  return movedSum(VERSION_WEIGHTS.retired, retiredSeq);
}

/** SQL: the sum of a version that is restored until then. */
export function restoredVersionSum(untilMs: string): string {
  return movedSum(VERSION_WEIGHTS.restored, `${untilMs} - coalesce(restored_until_ms, 0)`);
}

/** Its key apart from the rest: it changes by thousands when an upload is completed. */
const PART_WEIGHTS = { manifest: 61, number: 67 } as const;

export function partSum(manifest: number, p: Part): number {
  const rest = crc32OfText(
    `${p.seq}\0${p.size}\0${p.etag}\0${p.extents}\0${p.modifiedMs}\0${p.checksumValue}`,
  );
  return (rest + PART_WEIGHTS.manifest * manifest + PART_WEIGHTS.number * p.number) % PRIME;
}

/** SQL: the sum of a part of which a column of its key changes by so much. */
export function movedPartSum(column: keyof typeof PART_WEIGHTS, by: string): string {
  return movedSum(PART_WEIGHTS[column], by);
}

/** The row of a change, as it stands in the feed. */
export type FeedRow = [
  seq: number,
  atMs: number,
  kind: number,
  bucket: number,
  key: string | null,
  size: number | null,
  etag: string | null,
  version: number | null,
];

export function feedSum(...row: FeedRow): number {
  return crc32OfText(row.join('\0'));
}

/** Of an inline blob: of its bytes and of which blob it is. Of one in a store its checks, with their number. */
export function blobSum(blob: number, bytes: Uint8Array): number {
  return (crc32(bytes) ^ blob) >>> 0;
}

/** The SQL functions that give rows of an older format their sums. */
export function defineRowSums(db: DatabaseSync): void {
  const deterministic = { deterministic: true, varargs: true };
  db.function('version_sum', deterministic, (...v) => {
    const [key, seq, since, size, etag, modifiedMs, storageClass, manifest, extents, parts, ...more] = v;
    const [checksumAlgorithm, checksumValue, tags, attributes, isNull, deleteMarker, ...rows] = more;
    const [bucket, owner, restoredUntilMs, retiredSeq] = rows;
    const row = { key, seq, since, size, etag, modifiedMs, storageClass, manifest, extents, parts };
    const rest = { checksumAlgorithm, checksumValue, tags, attributes, owner, restoredUntilMs };
    // The tables are STRICT: what comes has these types.
    const version = { ...row, ...rest, isNull: isNull === 1, deleteMarker: deleteMarker === 1 };
    return versionSum(version as Version, { bucket, retiredSeq } as Standing);
  });
  db.function('part_sum', deterministic, (...p) => {
    const [manifest, number, seq, size, etag, extents, modifiedMs, checksumValue] = p;
    const part = { number, seq, size, etag, extents, modifiedMs, checksumValue };
    return partSum(manifest as number, part as Part);
  });
}
