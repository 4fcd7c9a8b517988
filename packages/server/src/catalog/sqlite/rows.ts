/** The shapes of rows as SQLite gives them back, and their way into the catalog's types. */

import type { ChecksumType } from '@cistern/protocol';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Bucket, Extent, ListedVersion, Version, Versioning } from '../catalog.ts';
import { DamagedBlob } from '../../blobs/damaged-blob.ts';
import { DamagedRow } from '../damaged-row.ts';
import { EXTENTS_PAGE } from '../extents.ts';
import type { HistoryRow } from './history-listing.ts';
import { blobSum, sumOfExtent, versionSum } from './row-sums.ts';
import { rowIsWhole } from './table-sums.ts';

export const BUCKET_COLUMNS = `id, name, owner, region, scope, created_ms AS createdMs, versioning, tags,
  ${rowIsWhole('buckets', 'buckets')} AS whole`;

/** SQL: a time that is shown without its row's sum. A disk may have made none of it. */
export const timeToShow = (column: string): string => `min(max(${column}, 0), ${Date.UTC(9999, 11, 31)})`;

export const LISTED_BUCKET_COLUMNS = `name, region, ${timeToShow('created_ms')} AS createdMs`;

export const VERSION_COLUMNS = `v.key, v.seq, v.modified_ms, v.size, v.etag, v.storage_class, v.owner, v.manifest, v.extents,
  v.checksum_algorithm, v.checksum_value, v.tags, v.attributes, v.is_null, v.delete_marker, v.parts, v.restored_until_ms, v.since, v.sum, v.retired_seq`;

const COMMON_CLASS = 'STANDARD';

/** The same of what a statement returns, which knows no `v`. */
export const RETURNED_VERSION = VERSION_COLUMNS.replaceAll('v.', '');

/** What many have alike is one value, or none: each costs a third of what reading the row does. */
export const LISTED_COLUMNS = `key, size, etag, modified_ms,
  CASE WHEN storage_class = '${COMMON_CLASS}' AND checksum_value IS NULL THEN NULL
    ELSE storage_class || ' ' || coalesce(checksum_algorithm, '') || ' ' || CASE WHEN checksum_value IS NULL THEN ''
      WHEN instr(checksum_value, '-') > 0 THEN 'COMPOSITE' ELSE 'FULL_OBJECT' END END AS kind`;

export const HISTORY_COLUMNS = `${LISTED_COLUMNS}, seq, is_null, delete_marker`;

export const EXTENT_COLUMNS =
  'e.start, e.length, e.offset, b.location, b.data, b.tier, b.codec, b.frames, b.logical, b.id, b.sum, e.manifest, e.sum';

/** SQLite sorts every blob after every text. */
export const AFTER_ALL_TEXT = new Uint8Array();

/** A manifest of up to this many extents, a page, is read together with its version, and kept by the reader. */
export const EXTENTS_WITH_VERSION = EXTENTS_PAGE;

/** Rows come as arrays: an object of node:sqlite is a hash table, made anew for each row. */
export function prepareArrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

// The tables are STRICT and the columns are those above: what SQLite returns has these types.
type VersionRow = [
  key: string,
  seq: number,
  modifiedMs: number,
  size: number,
  etag: string,
  storageClass: string,
  owner: string,
  manifest: number | null,
  extents: number,
  checksumAlgorithm: string | null,
  checksumValue: string | null,
  tags: string | null,
  attributes: string,
  isNull: number,
  deleteMarker: number,
  parts: number,
  restoredUntilMs: number | null,
  since: number,
  sum: number | null,
  retiredSeq: number | null,
];
type ExtentRow = [
  start: number,
  length: number,
  offset: number,
  location: string | null,
  data: Uint8Array | null,
  tier: string,
  codec: number,
  frames: Uint8Array | null,
  logical: number,
  blob: number,
  sum: number | null,
  manifest: number,
  extentSum: number | null,
];
type ListedRow = [key: string, size: number, etag: string, modifiedMs: number, kind: string | null];

const VERSION_WIDTH = 20;

const VERSIONINGS: readonly Versioning[] = ['never', 'enabled', 'suspended'];

type BucketColumns = Omit<Bucket, 'versioning' | 'asOf'> & {
  readonly versioning: number;
  readonly whole: number;
};

/** @throws DamagedRow */
export function toBucket(row: unknown): Bucket {
  const { id, name, owner, region, scope, createdMs, versioning, tags, whole } = row as BucketColumns;
  if (whole !== 1) throw new DamagedRow(`bucket ${id}`);
  const named = VERSIONINGS[versioning] ?? 'never';
  return { id, name, owner, region, scope, createdMs, versioning: named, tags, asOf: null };
}

/** Where a row was looked for. */
export interface KeyInBucket {
  readonly bucket: number;
  readonly key: string;
}

/** @throws DamagedRow */
export function toVersion(at: KeyInBucket, row: unknown): Version {
  const v = row as VersionRow;
  const version = versionOfRow(v);
  if (!isWhole(at, v, version)) throw new DamagedRow(`version ${v[1]} of a key`);
  return version;
}

/**
 * The manifest whose reference goes with a row that was removed. None for one that is not what was written: it may name
 * another's, and where a reference too many keeps bytes, one too few loses them.
 */
export function manifestOfRemoved(at: KeyInBucket, row: unknown): number | null {
  const v = row as VersionRow;
  return isWhole(at, v, versionOfRow(v)) ? v[7] : null;
}

/**
 * Every row has a sum: without one it is another table's, whose columns need not even have these types. A page that was
 * exchanged for another may lead to a row of another key, which is right in itself.
 */
function isWhole(
  { bucket, key }: KeyInBucket,
  { 18: sum, 19: retiredSeq }: VersionRow,
  version: Version,
): boolean {
  return version.key === key && sum !== null && sum === versionSum(version, { bucket, retiredSeq });
}

function versionOfRow(v: VersionRow): Version {
  return {
    key: v[0],
    seq: v[1],
    modifiedMs: v[2],
    size: v[3],
    etag: v[4],
    storageClass: v[5],
    owner: v[6],
    manifest: v[7],
    extents: v[8],
    checksumAlgorithm: v[9],
    checksumValue: v[10],
    tags: v[11],
    attributes: v[12],
    isNull: v[13] === 1,
    deleteMarker: v[14] === 1,
    parts: v[15],
    restoredUntilMs: v[16],
    since: v[17],
  };
}

/** @throws DamagedRow, and DamagedBlob for inline bytes that are not those that were written */
export const toExtent = (row: unknown): Extent => extentAt(row as unknown[], 0);

/** The extent that a row holds after its version; undefined when the version has none. */
export function toJoinedExtent(row: unknown): Extent | undefined {
  const columns = row as unknown[];
  return columns[VERSION_WIDTH] === null ? undefined : extentAt(columns, VERSION_WIDTH);
}

/** Of the columns from that one on. */
function extentAt(row: readonly unknown[], at: number): Extent {
  const column = <I extends keyof ExtentRow & number>(i: I): ExtentRow[I] => row[at + i] as ExtentRow[I];
  const start = column(0);
  const length = column(1);
  const offset = column(2);
  const location = column(3);
  const data = column(4);
  const blob = column(9);
  const sum = column(10);
  const extentSum = column(12);
  if (extentSum !== sumOfExtent({ manifest: column(11), start, length, blob, offset }))
    throw new DamagedRow(`the extent at ${start} of blob ${blob}`);
  if (data !== null && sum !== null && sum !== blobSum(blob, data))
    throw new DamagedBlob(`the inline blob ${blob} is not what was stored`);
  return {
    blob,
    checked: location !== null && sum !== null,
    start,
    length,
    offset,
    location,
    data,
    tier: column(5),
    codec: column(6),
    frames: column(7),
    logical: column(8),
  };
}

type ListedKind = Pick<ListedVersion, 'storageClass' | 'checksumAlgorithm' | 'checksumType'>;

const COMMON_KIND: ListedKind = { storageClass: COMMON_CLASS, checksumAlgorithm: null, checksumType: null };
let lastKind: string | undefined;
let lastListedKind = COMMON_KIND;

/** Of a listing's rows most are of the same one. */
function toListedKind(kind: string | null): ListedKind {
  if (kind === null) return COMMON_KIND;
  if (kind !== lastKind) {
    const [storageClass = COMMON_CLASS, algorithm = '', type = ''] = kind.split(' ');
    const checksum =
      type === ''
        ? { checksumAlgorithm: null, checksumType: null }
        : { checksumAlgorithm: algorithm, checksumType: type as ChecksumType };
    lastListedKind = { storageClass, ...checksum };
    lastKind = kind;
  }
  return lastListedKind;
}

export function toListed(row: unknown): ListedVersion {
  const v = row as ListedRow;
  const { storageClass, checksumAlgorithm, checksumType } = toListedKind(v[4]);
  return {
    key: v[0],
    size: v[1],
    etag: v[2],
    modifiedMs: v[3],
    storageClass,
    checksumAlgorithm,
    checksumType,
  };
}

export function toHistoryRow(row: unknown): HistoryRow {
  const v = row as [...ListedRow, seq: number, isNull: number, deleteMarker: number];
  return {
    ...toListed(row),
    seq: v[5],
    isNull: v[6] === 1,
    deleteMarker: v[7] === 1,
  };
}

export const toLeader = (row: unknown): string => (row as [key: string])[0];
