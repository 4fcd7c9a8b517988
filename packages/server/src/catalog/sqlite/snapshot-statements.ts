/** The writing connection's statements on snapshots and forks, and on what only snapshots still show. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { forkedVersionSum } from './row-sums.ts';
import { prepareArrays, RETURNED_VERSION } from './rows.ts';
import { BUCKET_STATE, PLACE, PLACE_IS, SNAPSHOT_STATE } from './schema.ts';

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
    this.insert = p('INSERT INTO snapshots (bucket, name, seq, created_ms, state) VALUES (?, ?, ?, ?, ?)');
    this.count = p(
      `SELECT count(*) AS count FROM snapshots WHERE bucket = ? AND state = ${SNAPSHOT_STATE.there}`,
    );
    this.exists = p('SELECT 1 FROM snapshots WHERE bucket = ? AND name = ?');
    this.holds = p(
      `SELECT 1 FROM snapshots WHERE bucket = ? AND seq = ? AND state = ${SNAPSHOT_STATE.there}`,
    );
    this.holders =
      p(`SELECT name, state FROM snapshots WHERE bucket = ? AND state <> ${SNAPSHOT_STATE.deleting}
      ORDER BY state, name LIMIT ?`);
    // Its name is free again at once.
    this.markDeleting = p(`UPDATE snapshots SET state = ${SNAPSHOT_STATE.deleting}, name = ?3
      WHERE bucket = ?1 AND name = ?2`);
    this.letGoOfAll = p(
      `UPDATE snapshots SET state = ${SNAPSHOT_STATE.deleting} WHERE state = ${SNAPSHOT_STATE.holding}`,
    );
    const newest = `SELECT max(seq) FROM snapshots WHERE bucket = buckets.id AND state <> ${SNAPSHOT_STATE.deleting}`;
    this.setNewest = p(`UPDATE buckets SET snapshot_seq = coalesce((${newest}), 0) WHERE id = ?`);
    this.setNewestOfAll = p(
      `UPDATE buckets SET snapshot_seq = coalesce((${newest}), 0) WHERE snapshot_seq > 0`,
    );

    this.deleting = p(`SELECT bucket FROM snapshots WHERE state = ${SNAPSHOT_STATE.deleting} LIMIT 1`);
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

    this.insertFork = p(`INSERT INTO buckets (id, name, owner, region, scope, created_ms, state)
      VALUES (?, ?, ?, ?, ?, ?, ${BUCKET_STATE.forking})`);
    this.forking = p(`SELECT owner FROM buckets WHERE id = ? AND state = ${BUCKET_STATE.forking}`);
    this.copyVersion =
      p(`INSERT INTO versions (bucket, place, key, seq, since, is_null, delete_marker, owner, ${COPIED},
        ${COPIED_TOO}, sum)
      SELECT ?1, ${PLACE.current}, key, ?1, ?1, 1, 0, ?2, ${COPIED}, ${COPIED_TOO}, ${forkedVersionSum('?1')} FROM versions
      WHERE bucket = ?3 AND ${PLACE_IS}?4 AND key = ?5 AND seq = ?6 AND since = ?7`);
    this.finishFork = p(`UPDATE buckets SET state = ${BUCKET_STATE.there} WHERE id = ? RETURNING name`);
    // Its name is free again at once: no bucket is called so.
    const abandon = `UPDATE buckets SET state = ${BUCKET_STATE.removing}, name = '#' || id
      WHERE state = ${BUCKET_STATE.forking}`;
    this.abandonForks = p(abandon);
    this.abandonFork = p(`${abandon} AND id = ?`);
    this.abandoned = p(`SELECT id FROM buckets WHERE state = ${BUCKET_STATE.removing} LIMIT 1`);
    this.firstVersions = p('SELECT place, key, seq, since FROM versions WHERE bucket = ? LIMIT ?');
    this.deleteVersion = prepareArrays(
      db,
      `DELETE FROM versions WHERE bucket = ? AND ${PLACE_IS}? AND key = ? AND seq = ? AND since = ?
      RETURNING ${RETURNED_VERSION}`,
    );
  }
}
