/** The shapes of rows as SQLite gives them back, and their way into the catalog's types. */

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

export const VERSION_COLUMNS = `v.key, v.seq, v.modified_ms, v.size, v.etag, v.storage_class, v.owner, v.manifest, v.extents,
  v.checksum_algorithm, v.checksum_value, v.tags, v.attributes, v.is_null, v.delete_marker, v.parts, v.restored_until_ms, v.since, v.sum, v.retired_seq`;

/** The same of what a statement returns, which knows no `v`. */
export const RETURNED_VERSION = VERSION_COLUMNS.replaceAll('v.', '');

export const LISTED_COLUMNS =
  'key, size, etag, modified_ms, storage_class, owner, checksum_algorithm, checksum_value';

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
type ListedRow = [
  key: string,
  size: number,
  etag: string,
  modifiedMs: number,
  storageClass: string,
  owner: string,
  checksumAlgorithm: string | null,
  checksumValue: string | null,
];

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

/** @throws DamagedRow */
export function toVersion(bucket: number, row: unknown): Version {
  const v = row as VersionRow;
  const version = versionOfRow(v);
  if (v[18] !== null && v[18] !== versionSum(version, { bucket, retiredSeq: v[19] }))
    throw new DamagedRow(`version ${v[1]} of a key`);
  return version;
}

/**
 * The manifest whose reference goes with a row that was removed. None for one that is not what was written: it may name
 * another's, and where a reference too many keeps bytes, one too few loses them.
 */
export function manifestOfRemoved(bucket: number, row: unknown): number | null {
  const v = row as VersionRow;
  const sum = v[18];
  return sum === null || sum === versionSum(versionOfRow(v), { bucket, retiredSeq: v[19] }) ? v[7] : null;
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
  if (extentSum !== null && extentSum !== sumOfExtent({ manifest: column(11), start, length, blob, offset }))
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

export function toListed(row: unknown): ListedVersion {
  const v = row as ListedRow;
  return {
    key: v[0],
    size: v[1],
    etag: v[2],
    modifiedMs: v[3],
    storageClass: v[4],
    owner: v[5],
    checksumAlgorithm: v[6],
    checksumValue: v[7],
  };
}

export function toHistoryRow(row: unknown): HistoryRow {
  const v = row as [...ListedRow, seq: number, isNull: number, deleteMarker: number];
  return {
    ...toListed(row),
    seq: v[8],
    isNull: v[9] === 1,
    deleteMarker: v[10] === 1,
  };
}

export const toLeader = (row: unknown): string => (row as [key: string])[0];
