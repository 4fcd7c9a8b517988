/** The writing connection's prepared statements of uploads and parts. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { extentIsWhole, movedExtentSum, movedPartSum } from './row-sums.ts';
import { UPLOAD_STATE } from './schema.ts';
import { changedSum, rowIsWhole, tableSum } from './table-sums.ts';

/**
 * The bytes of a part stand at its number times 2 to the power of this in the manifest of an open upload: more than a
 * part may have, and 10,000 times it is exact in a double.
 */
export const PART_BITS = 33;

/**
 * SQL: whether that manifest is an open upload's for certain, whatever the row of the upload says. Only there do bytes begin
 * at 2 to the power of PART_BITS, for an object begins at 0, and its second run not much later; one reference is the upload's own.
 */
const holdsOpenParts = (
  id: string,
): string => `(EXISTS (SELECT 1 FROM manifests m WHERE m.id = ${id} AND m.refs = 1)
  AND coalesce((SELECT e.start >= ${2 ** PART_BITS} AND ${extentIsWhole('e')} FROM extents e
      WHERE e.manifest = ${id} ORDER BY e.start LIMIT 1),
    NOT EXISTS (SELECT 1 FROM parts p WHERE p.manifest = ${id})))`;

/** SQL: of one that the disk has changed nothing is believed: it may be no upload any more, but an object. */
const mayBeEnded = (u: string): string => `(${rowIsWhole('uploads', u)} OR ${holdsOpenParts(`${u}.id`)})`;

/** Buckets with open uploads, from one to the next by the index; then those that are gone. */
const ORPHANS = `
  WITH RECURSIVE holders (bucket) AS (
    SELECT min(bucket) FROM uploads WHERE state = ${UPLOAD_STATE.open}
    UNION ALL
    SELECT (SELECT min(u.bucket) FROM uploads u WHERE u.state = ${UPLOAD_STATE.open} AND u.bucket > holders.bucket)
      FROM holders WHERE holders.bucket IS NOT NULL
  )
  SELECT u.id, ${rowIsWhole('uploads', 'u')} AS whole FROM holders JOIN uploads u ON u.bucket = holders.bucket
    WHERE u.state = ${UPLOAD_STATE.open} AND NOT EXISTS (SELECT 1 FROM buckets b WHERE b.id = holders.bucket)
      AND ${mayBeEnded('u')}
    LIMIT 0 + ?`;

/** The columns of a new one, in the order of their parameters. */
const NEW_COLUMNS = [
  'id',
  'bucket',
  'key',
  'live',
  'initiated_ms',
  'active_ms',
  'owner',
  'initiator',
  'storage_class',
  'attributes',
  'tags',
  'checksum_algorithm',
  'checksum_type',
] as const;

function insertUpload(): string {
  const parameters = NEW_COLUMNS.map((_, i) => `?${i + 1}`);
  const given = Object.fromEntries(NEW_COLUMNS.map((name, i) => [name, `?${i + 1}`]));
  const none = {
    ended_ms: 'NULL',
    version_seq: 'NULL',
    etag: 'NULL',
    checksum_value: 'NULL',
    part_list: 'NULL',
  };
  const state = String(UPLOAD_STATE.open);
  return `INSERT INTO uploads (${NEW_COLUMNS.join(', ')}, state, sum)
    VALUES (${parameters.join(', ')}, ${state}, ${tableSum('uploads', { ...given, ...none, state })})`;
}

/** Those columns of an upload, and its sum. */
function setUpload(changes: Parameters<typeof changedSum<'uploads'>>[1]): string {
  const set = Object.entries(changes).map(([name, value]) => `${name} = ${value}`);
  return `UPDATE uploads SET ${set.join(', ')}, sum = ${changedSum('uploads', changes)}`;
}

export class UploadStatements {
  readonly insertUpload: StatementSync;
  readonly touchUpload: StatementSync;
  readonly completeUpload: StatementSync;
  readonly abortUpload: StatementSync;
  readonly deleteRow: StatementSync;
  readonly holdsOpenParts: StatementSync;
  readonly idleUploads: StatementSync;
  readonly orphanedUploads: StatementSync;
  readonly deleteEnded: StatementSync;
  readonly setAge: StatementSync;
  readonly bringBackOpen: StatementSync;
  readonly bringBackEnded: StatementSync;

  readonly insertManifest: StatementSync;
  readonly growManifest: StatementSync;
  readonly setManifest: StatementSync;
  readonly insertUnreferencedManifest: StatementSync;

  readonly putPart: StatementSync;
  readonly renumberParts: StatementSync;
  readonly takeParts: StatementSync;

  readonly sourceExtents: StatementSync;
  readonly extentsBetween: StatementSync;
  readonly moveExtents: StatementSync;
  readonly takeExtents: StatementSync;

  constructor(db: DatabaseSync) {
    const p = (sql: string): StatementSync => db.prepare(sql);
    this.insertUpload = p(insertUpload());
    this.touchUpload = p(`${setUpload({ active_ms: '?1' })} WHERE id = ?2`);
    const result = { version_seq: '?2', etag: '?3', checksum_value: '?4', part_list: '?5' };
    const completed = { state: String(UPLOAD_STATE.complete), ended_ms: '?1', ...result };
    this.completeUpload = p(`${setUpload(completed)} WHERE id = ?6`);
    const aborted = { state: String(UPLOAD_STATE.aborted), ended_ms: '?1' };
    this.abortUpload = p(`${setUpload(aborted)} WHERE id = ?2 AND state = ${UPLOAD_STATE.open}`);
    this.deleteRow = p('DELETE FROM uploads WHERE id = ?');
    this.holdsOpenParts = p(`SELECT 1 WHERE ${holdsOpenParts('?1')}`);
    this.idleUploads = p(`SELECT id, ${rowIsWhole('uploads', 'u')} AS whole FROM uploads u
      WHERE state = ${UPLOAD_STATE.open} AND active_ms < ? AND ${mayBeEnded('u')} ORDER BY active_ms LIMIT 0 + ?`);
    this.orphanedUploads = p(ORPHANS);
    // The index of those that have ended is asked for in its own words.
    this.deleteEnded = p(`DELETE FROM uploads WHERE id IN
      (SELECT id FROM uploads WHERE state <> 0 AND ended_ms < ? ORDER BY ended_ms LIMIT 0 + ?)`);
    this.setAge = p("INSERT OR REPLACE INTO meta (name, value) VALUES ('age_ms', ?)");
    this.bringBackOpen = p(
      `${setUpload({ active_ms: '?1' })} WHERE state = ${UPLOAD_STATE.open} AND active_ms > ?2`,
    );
    this.bringBackEnded = p(`${setUpload({ ended_ms: '?1' })} WHERE state <> 0 AND ended_ms > ?2`);

    this.insertManifest = p('INSERT INTO manifests (id, refs, extents, size) VALUES (?, 1, 0, 0)');
    this.growManifest = p('UPDATE manifests SET extents = extents + ? WHERE id = ?');
    this.insertUnreferencedManifest = p(
      'INSERT INTO manifests (id, refs, extents, size) VALUES (?, 0, ?, 0)',
    );
    this.setManifest = p('UPDATE manifests SET extents = ?, size = ? WHERE id = ?');

    this.putPart = p(`INSERT OR REPLACE INTO parts
      (manifest, number, seq, size, etag, extents, modified_ms, checksum_value, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.renumberParts = p(
      `UPDATE parts SET number = number - ?1, sum = ${movedPartSum('number', '-?1')}
        WHERE manifest = ?2 AND number >= ?3 AND number < ?4`,
    );
    this.takeParts = p(`UPDATE parts SET manifest = ?1, sum = ${movedPartSum('manifest', '?1 - manifest')}
      WHERE manifest = ?2 AND number >= ?3 AND number < ?4`);

    // From the last extent that starts at or before the first byte, found by one probe.
    this.sourceExtents =
      p(`SELECT e.start, e.length, e.blob, e.offset, b.sha256, ${extentIsWhole('e')} AS whole FROM extents e
      JOIN blobs b ON b.id = e.blob WHERE e.manifest = ?1 AND e.start < ?3
        AND e.start >= (SELECT max(start) FROM extents WHERE manifest = ?1 AND start <= ?2)
      ORDER BY e.start`);
    this.extentsBetween = p(
      `SELECT start, blob, ${extentIsWhole('extents')} AS whole FROM extents
        WHERE manifest = ? AND start >= ? AND start < ? ORDER BY start`,
    );
    // Of parts of one size, with the first of them to where the first parameter says.
    const moved = `?1 + ((start >> ${PART_BITS}) - ?2) * ?3 + (start & ${2 ** PART_BITS - 1})`;
    this.moveExtents = p(`UPDATE extents
      SET start = ${moved}, sum = ${movedExtentSum('start', `${moved} - start`)}
      WHERE manifest = ?4 AND start >= ?5 AND start < ?6`);
    this.takeExtents =
      p(`UPDATE extents SET manifest = ?1, sum = ${movedExtentSum('manifest', '?1 - manifest')}
      WHERE manifest = ?2 AND start >= ?3 AND start < ?4`);
  }
}
