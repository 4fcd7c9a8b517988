/** The writing connection's statements on snapshots and forks, and on what only snapshots still show. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { insertBucket } from './bucket-statements.ts';
import { forkedVersionSum } from './row-sums.ts';
import { prepareArrays, RETURNED_VERSION } from './rows.ts';
import { BUCKET_STATE, PLACE, PLACE_IS, SNAPSHOT_STATE } from './schema.ts';
import { changedSum, rowIsWhole, tableSum } from './table-sums.ts';

const COPIED = `modified_ms, size, etag, storage_class`;
const COPIED_TOO = `manifest, extents, parts, checksum_algorithm, checksum_value, tags, attributes, restored_until_ms`;

export class SnapshotStatements {
  readonly insert: StatementSync;
  readonly count: StatementSync;
  readonly exists: StatementSync;
  readonly holds: StatementSync;
  readonly holders: StatementSync;
  readonly markDeleting: StatementSync;
  readonly letGoOfAll: StatementSync;
  readonly setNewest: StatementSync;
  readonly setNewestOfAll: StatementSync;

  readonly deleting: StatementSync;
  readonly deletingOf: StatementSync;
  readonly numbers: StatementSync;
  readonly firstRetired: StatementSync;
  readonly nextRetired: StatementSync;
  readonly deleteRetired: StatementSync;
  readonly deleteRow: StatementSync;

  readonly insertFork: StatementSync;
  readonly forking: StatementSync;
  readonly copyVersion: StatementSync;
  readonly finishFork: StatementSync;
  readonly abandonForks: StatementSync;
  readonly abandonFork: StatementSync;
  readonly abandoned: StatementSync;
  readonly firstVersions: StatementSync;
  readonly deleteVersion: StatementSync;

  constructor(db: DatabaseSync) {
    const p = (sql: string): StatementSync => db.prepare(sql);
    const row = { bucket: '?1', name: '?2', seq: '?3', created_ms: '?4', state: '?5' };
    this.insert = p(`INSERT INTO snapshots (bucket, name, seq, created_ms, state, sum)
      VALUES (?1, ?2, ?3, ?4, ?5, ${tableSum('snapshots', row)})`);
    this.count = p(
      `SELECT count(*) AS count FROM snapshots WHERE bucket = ? AND state = ${SNAPSHOT_STATE.there}`,
    );
    this.exists = p('SELECT 1 FROM snapshots WHERE bucket = ? AND name = ?');
    this.holds = p(
      `SELECT 1 FROM snapshots WHERE bucket = ? AND seq = ? AND state = ${SNAPSHOT_STATE.there}`,
    );
    this.holders =
      p(`SELECT name, state FROM snapshots WHERE bucket = ? AND state <> ${SNAPSHOT_STATE.deleting}
      ORDER BY state, name LIMIT 0 + ?`);
    // Its name is free again at once.
    const state = String(SNAPSHOT_STATE.deleting);
    this.markDeleting = p(`UPDATE snapshots SET state = ${state}, name = ?3,
        sum = ${changedSum('snapshots', { state, name: '?3' })} WHERE bucket = ?1 AND name = ?2`);
    this.letGoOfAll = p(`UPDATE snapshots SET state = ${state}, sum = ${changedSum('snapshots', { state })}
      WHERE state = ${SNAPSHOT_STATE.holding} AND ${rowIsWhole('snapshots', 'snapshots')}`);
    // What a damaged one shows is not known: all that was kept goes on to be.
    const damaged = (bucket: string): string =>
      `EXISTS (SELECT 1 FROM snapshots d WHERE d.bucket = ${bucket} AND NOT ${rowIsWhole('snapshots', 'd')})`;
    const newest = `max(coalesce((SELECT max(seq) FROM snapshots WHERE bucket = buckets.id AND state <> ${state}), 0),
      CASE WHEN ${damaged('buckets.id')} THEN snapshot_seq ELSE 0 END)`;
    this.setNewest = p(`UPDATE buckets SET snapshot_seq = ${newest} WHERE id = ?`);
    this.setNewestOfAll = p(`UPDATE buckets SET snapshot_seq = ${newest} WHERE snapshot_seq > 0`);

    this.deleting = p(
      `SELECT bucket FROM snapshots s WHERE state = ${state} AND NOT ${damaged('s.bucket')} LIMIT 1`,
    );
    this.deletingOf = p(`SELECT name FROM snapshots WHERE bucket = ? AND state = ${SNAPSHOT_STATE.deleting}`);
    this.numbers = p(
      `SELECT seq FROM snapshots WHERE bucket = ? AND state <> ${SNAPSHOT_STATE.deleting} ORDER BY seq DESC`,
    );
    const retired = `SELECT key, seq, since, retired_seq AS retiredSeq FROM versions
      WHERE bucket = ?1 AND place = ${PLACE.retired}`;
    const order = 'ORDER BY key, seq DESC, since LIMIT';
    this.firstRetired = p(`${retired} ${order} ?2`);
    // The rest of the same version, of the same key, and then the others: each is a range of the primary key.
    this.nextRetired = p(`${retired} AND key = ?2 AND seq = ?3 AND since > ?4
      UNION ALL ${retired} AND key = ?2 AND seq < ?3 UNION ALL ${retired} AND key > ?2 ${order} ?5`);
    this.deleteRetired = prepareArrays(
      db,
      `DELETE FROM versions WHERE bucket = ? AND place = ${PLACE.retired} AND key = ? AND seq = ?
      AND since = ? RETURNING ${RETURNED_VERSION}`,
    );
    this.deleteRow = p('DELETE FROM snapshots WHERE bucket = ? AND name = ?');

    this.insertFork = p(insertBucket(BUCKET_STATE.forking));
    this.forking = p(`SELECT owner FROM buckets WHERE id = ? AND state = ${BUCKET_STATE.forking}`);
    this.copyVersion =
      p(`INSERT INTO versions (bucket, place, key, seq, since, is_null, delete_marker, owner, ${COPIED},
        ${COPIED_TOO}, sum)
      SELECT ?1, ${PLACE.current}, key, ?1, ?1, 1, 0, ?2, ${COPIED}, ${COPIED_TOO}, ${forkedVersionSum('?1', '?8')} FROM versions
      WHERE bucket = ?3 AND ${PLACE_IS}?4 AND key = ?5 AND seq = ?6 AND since = ?7`);
    this.finishFork = p(`UPDATE buckets SET state = ${BUCKET_STATE.there},
        sum = ${changedSum('buckets', { state: String(BUCKET_STATE.there) })}
      WHERE id = ? RETURNING name`);
    // Its name is free again at once: no bucket is called so.
    const removing = { state: String(BUCKET_STATE.removing), name: "'#' || id" };
    // By the state of its row a bucket's objects are removed: of one that the disk has changed nothing is believed.
    const whole = rowIsWhole('buckets', 'buckets');
    const abandon = `UPDATE buckets SET state = ${removing.state}, name = ${removing.name},
        sum = ${changedSum('buckets', removing)}
      WHERE state = ${BUCKET_STATE.forking} AND ${whole}`;
    this.abandonForks = p(abandon);
    this.abandonFork = p(`${abandon} AND id = ?`);
    this.abandoned = p(`SELECT id FROM buckets WHERE state = ${removing.state} AND ${whole} LIMIT 1`);
    this.firstVersions = p('SELECT place, key, seq, since FROM versions WHERE bucket = ? LIMIT 0 + ?');
    this.deleteVersion = prepareArrays(
      db,
      `DELETE FROM versions WHERE bucket = ? AND ${PLACE_IS}? AND key = ? AND seq = ? AND since = ?
      RETURNING ${RETURNED_VERSION}`,
    );
  }
}
