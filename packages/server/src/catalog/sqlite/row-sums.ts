/**
 * The sums of rows: SQLite has no checksum of a page, so a row that a disk has changed says so itself. Those of extents
 * are arithmetic that SQL does, because completing an upload moves thousands in a statement; they change by what was
 * changed, so that a row that is wrong stays so. A null is the sum of a row of an older format, and holds for all.
 */

import { crc32 } from '@cistern/protocol';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 as crc32OfText } from 'node:zlib';
import type { Version } from '../catalog.ts';
import type { Part } from '../uploads.ts';

/** The greatest prime below 2^32. */
const PRIME = 4_294_967_291;
const MODULUS = 2 ** 32;

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

/** SQL: the sum of a row of which a column of that weight changes by so much. */
function movedSum(weight: number, by: string): string {
  return `(((sum + ${weight} * (${by})) % ${PRIME} + ${PRIME}) % ${PRIME})`;
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
  return `(${e}.sum IS NULL OR ${e}.sum = ${sum})`;
}

/** What the sum of a version is of. Not of the place it stands in, nor of its bucket: both are checked by fsck. */
export type SummedVersion = Omit<Version, 'owner' | 'restoredUntilMs'>;

export function versionSum(v: SummedVersion): number {
  const text = `${v.key}\0${v.size}\0${v.etag}\0${v.modifiedMs}\0${v.storageClass}\0${v.manifest}\0${v.extents}\0${v.parts}\0${v.checksumAlgorithm}\0${v.checksumValue}\0${v.tags}\0${v.attributes}\0${v.deleteMarker}`;
  return numbered(crc32OfText(text), v);
}

/** The numbers apart from the rest, for a fork changes them. */
function numbered(sum: number, { seq, since, isNull }: SummedVersion): number {
  return (sum + (seq % MODULUS) + 3 * (since % MODULUS) + 7 * Number(isNull)) % MODULUS;
}

/** SQL: the sum of a copy of a version that is a null version, made and standing since `seq`. */
export function forkedVersionSum(seq: string): string {
  return `(((sum - seq - 3 * since - 7 * is_null + 4 * ${seq} + 7) % ${MODULUS} + ${MODULUS}) % ${MODULUS})`;
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
    const [checksumAlgorithm, checksumValue, tags, attributes, isNull, deleteMarker] = more;
    const row = { key, seq, since, size, etag, modifiedMs, storageClass, manifest, extents, parts };
    const rest = { checksumAlgorithm, checksumValue, tags, attributes };
    // The tables are STRICT: what comes has these types.
    return versionSum({
      ...row,
      ...rest,
      isNull: isNull === 1,
      deleteMarker: deleteMarker === 1,
    } as SummedVersion);
  });
  db.function('part_sum', deterministic, (...p) => {
    const [manifest, number, seq, size, etag, extents, modifiedMs, checksumValue] = p;
    const part = { number, seq, size, etag, extents, modifiedMs, checksumValue };
    return partSum(manifest as number, part as Part);
  });
}
