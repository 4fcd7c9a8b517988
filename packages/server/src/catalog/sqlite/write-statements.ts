/** The writing connection's prepared statements, and the sequence counter that they draw from. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { BucketStatements } from './bucket-statements.ts';
import { CheckStatements } from './check-statements.ts';
import {
  extentIsWhole,
  extentSum,
  feedSum,
  movedExtentSum,
  movedPartSum,
  restoredVersionSum,
  retiredVersionSum,
} from './row-sums.ts';
import type { FeedRow } from './row-sums.ts';
import { prepareArrays, VERSION_COLUMNS } from './rows.ts';
import { BLOB_STATE, PLACE, PLACE_IS } from './schema.ts';
import { SnapshotStatements } from './snapshot-statements.ts';

/** A version that S3 shows. */
const SHOWN = `WHERE bucket = ? AND place IN (${PLACE.current}, ${PLACE.noncurrent}) AND key = ? AND seq = ?`;

/** A copy of its row as it is, for the snapshots that show it. */
const KEEP_RETIRED = `INSERT INTO versions SELECT bucket, ${PLACE.retired}, key, seq, since, ?1, is_null, delete_marker,
    modified_ms, size, etag, storage_class, owner, manifest, extents, parts, checksum_algorithm, checksum_value, tags,
    attributes, restored_until_ms, ${retiredVersionSum('?1')}
  FROM versions ${SHOWN}`;

const INSERT_EXTENT = `INSERT INTO extents (manifest, start, length, blob, offset, sum) VALUES (?1, ?2, ?3, ?4, ?5,
  ${extentSum({ manifest: '?1', start: '?2', length: '?3', blob: '?4', offset: '?5' })})`;

/** Its values are those of a row, but for the sum. */
interface FeedInsert {
  run(...row: FeedRow): void;
}

function insertFeed(db: DatabaseSync): FeedInsert {
  const statement = db.prepare(
    'INSERT INTO feed (seq, at_ms, kind, bucket, key, size, etag, version, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  return { run: (...row) => void statement.run(...row, feedSum(...row)) };
}

export class WriteStatements {
  readonly buckets: BucketStatements;
  readonly snapshots: SnapshotStatements;
  readonly checks: CheckStatements;
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly savepoint: StatementSync;
  readonly release: StatementSync;
  readonly rollbackToSavepoint: StatementSync;
  readonly setSequence: StatementSync;

  readonly insertVersion: StatementSync;
  readonly insertDeleteMarker: StatementSync;
  readonly rowToRemove: StatementSync;
  readonly deleteRow: StatementSync;
  readonly retire: StatementSync;
  readonly demote: StatementSync;
  readonly surface: StatementSync;
  readonly shownBySeq: StatementSync;
  readonly currentNull: StatementSync;
  readonly noncurrentNull: StatementSync;
  readonly setRestored: StatementSync;
  readonly setTags: StatementSync;
  readonly keepRetired: StatementSync;

  readonly insertManifest: StatementSync;
  readonly addManifestRef: StatementSync;
  readonly dropManifestRef: StatementSync;
  readonly deleteShortManifest: StatementSync;
  readonly deleteManifest: StatementSync;
  readonly unreferencedManifests: StatementSync;

  readonly setManifestEnd: StatementSync;

  readonly insertPart: StatementSync;
  readonly partCount: StatementSync;
  readonly copyParts: StatementSync;
  readonly partChecksums: StatementSync;

  readonly renameToken: StatementSync;
  readonly insertRenameToken: StatementSync;
  readonly trimRenameTokens: StatementSync;

  readonly insertExtent: StatementSync;
  readonly refExtents: StatementSync;
  readonly copyExtents: StatementSync;
  readonly extentsOf: StatementSync;
  readonly firstExtents: StatementSync;
  readonly deleteExtent: StatementSync;
  readonly deleteExtents: StatementSync;
  readonly deleteParts: StatementSync;

  readonly insertInlineBlob: StatementSync;
  readonly insertPendingBlob: StatementSync;
  readonly blobByHash: StatementSync;
  readonly addBlobRef: StatementSync;
  readonly dropBlobRef: StatementSync;
  readonly deleteInlineBlob: StatementSync;
  readonly deleteBlob: StatementSync;
  readonly markDeleting: StatementSync;
  readonly unreferencedBlobs: StatementSync;

  readonly freePages: StatementSync;

  readonly insertFeed: FeedInsert;
  readonly trimFeed: StatementSync;

  constructor(db: DatabaseSync) {
    const p = (sql: string): StatementSync => db.prepare(sql);
    this.buckets = new BucketStatements(db);
    this.snapshots = new SnapshotStatements(db);
    this.checks = new CheckStatements(db);
    this.begin = p('BEGIN IMMEDIATE');
    this.commit = p('COMMIT');
    this.rollback = p('ROLLBACK');
    this.savepoint = p('SAVEPOINT mutation');
    this.release = p('RELEASE mutation');
    this.rollbackToSavepoint = p('ROLLBACK TO mutation');
    this.setSequence = p("UPDATE meta SET value = ? WHERE name = 'sequence'");

    this.insertVersion =
      p(`INSERT INTO versions (bucket, place, key, seq, since, is_null, delete_marker, modified_ms, size, etag,
      storage_class, owner, manifest, extents, parts, checksum_algorithm, checksum_value, tags, attributes, sum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.insertDeleteMarker = p(`INSERT INTO versions (bucket, place, key, seq, since, is_null, delete_marker,
      modified_ms, size, etag, storage_class, owner, extents, parts, attributes, sum)
      VALUES (?, ?, ?, ?, ?, ?, 1, ?, 0, '', 'STANDARD', '', 0, 0, '{}', ?)`);
    // Those of one row; seq in a range, so that the current one is found whatever its number.
    const row = `WHERE bucket = ? AND ${PLACE_IS} ? AND key = ? AND seq BETWEEN ? AND ? AND is_null >= ?`;
    // Apart from the deletion: for RETURNING SQLite makes a table, which costs more than all the rest.
    this.rowToRemove = prepareArrays(db, `SELECT ${VERSION_COLUMNS} FROM versions v ${row}`);
    this.deleteRow = p(`DELETE FROM versions ${row}`);
    this.retire = p(`UPDATE versions
      SET place = ${PLACE.retired}, retired_seq = ?1, sum = ${retiredVersionSum('?1')} ${row} AND since <= ?`);
    this.demote = p(
      `UPDATE versions SET place = ${PLACE.noncurrent} WHERE bucket = ? AND place = ${PLACE.current} AND key = ?`,
    );
    this.surface = p(`UPDATE versions SET place = ${PLACE.current}
      WHERE bucket = ?1 AND place = ${PLACE.noncurrent} AND key = ?2 AND delete_marker = 0
      AND seq = (SELECT max(seq) FROM versions WHERE bucket = ?1 AND place = ${PLACE.noncurrent} AND key = ?2)
      AND NOT EXISTS (SELECT 1 FROM versions WHERE bucket = ?1 AND place = ${PLACE.current} AND key = ?2)`);
    const found = 'SELECT seq, is_null AS nullVersion, delete_marker AS deleteMarker FROM versions';
    this.shownBySeq = p(`${found} ${SHOWN} AND is_null = 0`);
    const nullIn = (place: number): string =>
      `${found} WHERE bucket = ? AND place = ${place} AND key = ? AND is_null = 1`;
    this.currentNull = p(nullIn(PLACE.current));
    this.noncurrentNull = p(nullIn(PLACE.noncurrent));

    this.setRestored = p(
      `UPDATE versions SET restored_until_ms = ?1, sum = ${restoredVersionSum('?1')} ${SHOWN}`,
    );
    this.setTags = p(`UPDATE versions SET since = ?, tags = ?, sum = ? ${SHOWN}`);
    this.keepRetired = p(KEEP_RETIRED);

    this.insertManifest = p('INSERT INTO manifests (id, refs, extents, size) VALUES (?, 1, ?, ?)');
    this.addManifestRef = p('UPDATE manifests SET refs = refs + 1 WHERE id = ?');
    this.dropManifestRef = p('UPDATE manifests SET refs = refs - 1 WHERE id = ?');
    this.deleteShortManifest = p(`DELETE FROM manifests WHERE id = ? AND refs <= 1 AND extents <= ?
      AND NOT EXISTS (SELECT 1 FROM parts WHERE manifest = manifests.id)`);
    this.deleteManifest = p('DELETE FROM manifests WHERE id = ?');
    this.unreferencedManifests = p('SELECT id FROM manifests WHERE refs = 0 LIMIT 0 + ?');

    this.setManifestEnd = p('UPDATE manifests SET extents = ?, size = ? WHERE id = ?');

    const part =
      'INSERT INTO parts (manifest, number, seq, size, etag, extents, modified_ms, checksum_value, sum)';
    this.insertPart = p(`${part} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    // Of a version's manifest: they are numbered without gaps.
    this.partCount = p('SELECT coalesce(max(number), 0) AS parts FROM parts WHERE manifest = ?');
    this.copyParts = p(`${part} SELECT ?1, number, seq, size, etag, extents, modified_ms, checksum_value,
      ${movedPartSum('manifest', '?1 - manifest')} FROM parts WHERE manifest = ?2 ORDER BY number LIMIT 0 + ?3`);
    this.partChecksums = p(
      'SELECT checksum_value AS value FROM parts WHERE manifest = ? ORDER BY number LIMIT 0 + ?',
    );

    this.renameToken = p('SELECT request FROM rename_tokens WHERE bucket = ? AND token = ?');
    this.insertRenameToken = p(
      'INSERT INTO rename_tokens (bucket, token, request, at_ms) VALUES (?, ?, ?, ?)',
    );
    this.trimRenameTokens = p(`DELETE FROM rename_tokens WHERE (bucket, token) IN
      (SELECT bucket, token FROM rename_tokens WHERE at_ms < ? ORDER BY at_ms LIMIT 0 + ?)`);

    this.insertExtent = p(INSERT_EXTENT);
    const before = 'FROM extents WHERE manifest = ?1 AND start < ?2';
    // A blob may be there several times.
    this.refExtents = p(`UPDATE blobs SET refs = refs + uses FROM
      (SELECT blob, count(*) AS uses ${before} GROUP BY blob) WHERE id = blob`);
    this.copyExtents = p(`INSERT INTO extents (manifest, start, length, blob, offset, sum)
      SELECT ?3, start, length, blob, offset, ${movedExtentSum('manifest', '?3 - manifest')} ${before}`);
    const extents = `SELECT start, blob, ${extentIsWhole('extents')} AS whole FROM extents WHERE manifest = ?`;
    this.extentsOf = p(extents);
    this.firstExtents = p(`${extents} ORDER BY start LIMIT 0 + ?`);
    this.deleteExtent = p('DELETE FROM extents WHERE manifest = ? AND start = ?');
    this.deleteExtents = p('DELETE FROM extents WHERE manifest = ?');
    this.deleteParts = p(`DELETE FROM parts WHERE manifest = ? AND number IN
      (SELECT number FROM parts WHERE manifest = ? ORDER BY number LIMIT 0 + ?)`);

    this.insertInlineBlob =
      p(`INSERT INTO blobs (id, scope, sha256, state, refs, codec, logical, stored, location, data, sum)
      VALUES (?, ?, ?, ${BLOB_STATE.live}, 1, 0, ?, ?, NULL, ?, ?)`);
    this.insertPendingBlob =
      p(`INSERT INTO blobs (id, scope, sha256, state, refs, codec, logical, stored, location, data, tier, frames, sum)
      VALUES (?, ?, ?, ${BLOB_STATE.pending}, 0, ?, ?, ?, ?, NULL, ?, ?, ?)`);
    this.blobByHash = p(`SELECT id, state, location, sum FROM blobs
      WHERE scope = ? AND tier = ? AND codec = ? AND sha256 = ? AND location IS NOT NULL`);
    this.addBlobRef = p(
      `UPDATE blobs SET refs = refs + 1, state = ${BLOB_STATE.live} WHERE id = ? RETURNING logical`,
    );
    this.dropBlobRef = p('UPDATE blobs SET refs = refs - 1 WHERE id = ?');
    this.deleteInlineBlob = p('DELETE FROM blobs WHERE id = ? AND refs = 1 AND location IS NULL');
    this.deleteBlob = p('DELETE FROM blobs WHERE id = ?');
    this.markDeleting = p(`UPDATE blobs SET state = ${BLOB_STATE.deleting} WHERE id = ?`);
    this.unreferencedBlobs = p(
      'SELECT id, state, tier, location FROM blobs WHERE refs = 0 AND id > ? ORDER BY id LIMIT 0 + ?',
    );

    this.freePages = p('PRAGMA freelist_count');

    this.insertFeed = insertFeed(db);
    this.trimFeed = p(`DELETE FROM feed WHERE seq IN
      (SELECT seq FROM (SELECT seq, at_ms FROM feed WHERE at_ms <= ? ORDER BY seq LIMIT 0 + ?) WHERE at_ms < ?)`);
  }
}
