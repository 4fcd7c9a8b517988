/**
 * The reads of uploads and parts on one connection: single statements, as the catalog's other reads. Also used by the
 * writer, inside its transactions.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Version } from '../catalog.ts';
import type {
  ListedUpload,
  Part,
  Upload,
  UploadListRequest,
  UploadListResult,
  UploadName,
  UploadState,
} from '../uploads.ts';
import { partSum } from './row-sums.ts';
import { UPLOAD_STATE } from './schema.ts';
import { timeToShow } from './rows.ts';
import { rowIsWhole } from './table-sums.ts';
import { DamagedRow } from '../damaged-row.ts';
import { listUploads } from './upload-listing.ts';

const UPLOAD_COLUMNS = `id, bucket, key, state, live, initiated_ms AS initiatedMs, active_ms AS activeMs,
  ended_ms AS endedMs, owner, initiator, storage_class AS storageClass, attributes, tags,
  checksum_algorithm AS checksumAlgorithm, checksum_type AS checksumType, version_seq AS versionSeq, etag,
  checksum_value AS checksumValue, part_list AS partList, ${rowIsWhole('uploads', 'uploads')} AS whole`;

const LISTED_COLUMNS = `id, key, owner, initiator, storage_class AS storageClass,
  ${timeToShow('initiated_ms')} AS initiatedMs,
  checksum_algorithm AS checksumAlgorithm, checksum_type AS checksumType`;

const PART_COLUMNS =
  'number, seq, size, etag, extents, modified_ms AS modifiedMs, checksum_value AS checksumValue, sum';

type ArchivableVersion = Pick<Version, 'storageClass' | 'restoredUntilMs'>;

/** More than the numbers of all uploads. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

export class UploadReader {
  readonly #upload: StatementSync;
  readonly #damaged: StatementSync;
  readonly #openUploads: StatementSync;
  readonly #keyUploads: StatementSync;
  readonly #parts: StatementSync;
  readonly #part: StatementSync;
  readonly #sizeBefore: StatementSync;
  readonly #prefixSize: StatementSync;
  readonly #version: StatementSync;

  constructor(db: DatabaseSync) {
    this.#upload = db.prepare(`SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE id = ?`);
    this.#damaged = db.prepare(`SELECT 1 FROM uploads
      WHERE id = ? AND (bucket = ? OR key = ?) AND NOT ${rowIsWhole('uploads', 'uploads')}`);
    this.#openUploads = db.prepare(`SELECT ${LISTED_COLUMNS} FROM uploads
      WHERE state = ${UPLOAD_STATE.open} AND bucket = ? AND (key, id) > (?, ?) ORDER BY key, id LIMIT 0 + ?`);
    const ofKey = (states: string): string =>
      `SELECT * FROM (SELECT ${UPLOAD_COLUMNS} FROM uploads
        WHERE ${states} AND bucket = ?1 AND key = ?2 AND id > ?3 ORDER BY id LIMIT 0 + ?4)`;
    this.#keyUploads = db.prepare(
      `${ofKey(`state = ${UPLOAD_STATE.open}`)} UNION ALL ${ofKey(`state <> ${UPLOAD_STATE.open}`)} ORDER BY id LIMIT 0 + ?4`,
    );
    this.#parts = db.prepare(
      `SELECT ${PART_COLUMNS} FROM parts WHERE manifest = ? AND number > ? ORDER BY number LIMIT 0 + ?`,
    );
    this.#part = db.prepare(`SELECT ${PART_COLUMNS} FROM parts WHERE manifest = ? AND number = ?`);
    this.#prefixSize = db.prepare(`SELECT coalesce(sum(size), 0) AS size FROM
      (SELECT size, number - row_number() OVER (ORDER BY number) AS gap FROM parts WHERE manifest = ? AND number <= ?)
      WHERE gap = 0`);
    const version =
      'SELECT storage_class AS storageClass, restored_until_ms AS restoredUntilMs FROM versions';
    this.#version = db.prepare(`
      ${version} WHERE bucket = ?1 AND place = 0 AND key = ?2 AND (seq = ?3 OR manifest = ?4) UNION ALL
      ${version} WHERE bucket = ?1 AND place = 1 AND key = ?2 AND seq = ?3 LIMIT 1`);
    this.#sizeBefore = db.prepare(
      'SELECT coalesce(sum(size), 0) AS size FROM parts WHERE manifest = ? AND number < ?',
    );
  }

  findUpload({ bucket, key, upload }: UploadName): Upload | undefined {
    const row = this.#upload.get(upload);
    if (row === undefined) return undefined;
    const found = toUpload(row);
    return found.bucket === bucket && found.key === key ? found : undefined;
  }

  /** One whose row is not what was written: it has that id, and that bucket or that key, of which one may be wrong. */
  isDamaged({ bucket, key, upload }: UploadName): boolean {
    return this.#damaged.get(upload, bucket, key) !== undefined;
  }

  /** Several statements: to be called in a transaction, so that a page is of one commit. */
  listUploads(request: UploadListRequest): UploadListResult {
    return listUploads(
      (bucket, { key, upload = AFTER_ALL }, limit) =>
        this.#openUploads.all(bucket, key, upload, limit) as unknown as ListedUpload[],
      request,
    );
  }

  keyUploads(bucket: number, key: string, after: number, limit: number): Upload[] {
    return this.#keyUploads.all(bucket, key, after, limit).map(toUpload);
  }

  parts(manifest: number, after: number, limit: number): Part[] {
    return this.#parts.all(manifest, after, limit).map((row) => toPart(manifest, row));
  }

  part(manifest: number, number: number): Part | undefined {
    const row = this.#part.get(manifest, number);
    return row === undefined ? undefined : toPart(manifest, row);
  }

  /**
   * What a complete upload has become, as long as S3 shows it under its key: itself, or grown by appends. That others
   * share its bytes, copies and snapshots, does not count: who deletes it takes it from this upload's readers, too.
   */
  versionOf({ id, bucket, key, versionSeq }: Upload): ArchivableVersion | undefined {
    if (versionSeq === null) return undefined;
    return this.#version.get(bucket, key, versionSeq, id) as ArchivableVersion | undefined;
  }

  /** Bytes of the parts from 1 on without a gap, of no more than so many. */
  prefixSize(manifest: number, partsMax: number): number {
    return (this.#prefixSize.get(manifest, partsMax) as { size: number }).size;
  }

  /** Bytes of all parts before that number. */
  sizeBefore(manifest: number, number: number): number {
    return (this.#sizeBefore.get(manifest, number) as { size: number }).size;
  }
}

/** @throws DamagedRow */
function toPart(manifest: number, row: unknown): Part {
  const { sum, ...part } = row as Part & { readonly sum: number | null };
  if (sum === null || sum !== partSum(manifest, part))
    throw new DamagedRow(`part ${part.number} of an upload`);
  return part;
}

const STATES: readonly UploadState[] = ['open', 'complete', 'aborted'];

type UploadRow = Omit<Upload, 'state' | 'live'> & {
  readonly state: number;
  readonly live: number;
  readonly whole: number;
};

/** @throws DamagedRow */
function toUpload(row: unknown): Upload {
  const { state, live, whole, ...upload } = row as UploadRow;
  if (whole !== 1) throw new DamagedRow(`upload ${upload.id}`);
  return { ...upload, state: STATES[state] ?? 'aborted', live: live === 1 };
}
