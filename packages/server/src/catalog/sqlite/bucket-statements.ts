/** The writing connection's statements on the rows of buckets, but for what snapshots and forks do to them. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { BUCKET_STATE, PLACE, VERSIONING } from './schema.ts';
import { changedSum, tableSum } from './table-sums.ts';

/** One in that state, without versions and tags. */
export function insertBucket(state: number): string {
  const row = { id: '?1', name: '?2', owner: '?3', region: '?4', scope: '?5', created_ms: '?6' };
  const rest = { versioning: String(VERSIONING.never), tags: 'NULL', state: String(state) };
  return `INSERT INTO buckets (id, name, owner, region, scope, created_ms, state, sum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ${state}, ${tableSum('buckets', { ...row, ...rest })})`;
}

export class BucketStatements {
  readonly insert: StatementSync;
  readonly delete: StatementSync;
  readonly byId: StatementSync;
  readonly hasVersions: StatementSync;
  readonly setVersioning: StatementSync;
  readonly setTags: StatementSync;

  constructor(db: DatabaseSync) {
    const p = (sql: string): StatementSync => db.prepare(sql);
    this.insert = p(insertBucket(BUCKET_STATE.there));
    this.delete = p('DELETE FROM buckets WHERE id = ?');
    this.byId = p(
      'SELECT id, name, scope, versioning, snapshot_seq AS snapshotSeq FROM buckets WHERE id = ?',
    );
    // What was kept for snapshots is removed with them, or after them.
    this.hasVersions = p(`SELECT 1 FROM versions WHERE bucket = ? AND place < ${PLACE.retired} LIMIT 1`);
    this.setVersioning = p(`UPDATE buckets SET versioning = ?1,
      sum = ${changedSum('buckets', { versioning: '?1' })} WHERE id = ?2`);
    this.setTags = p(
      `UPDATE buckets SET tags = ?1, sum = ${changedSum('buckets', { tags: '?1' })} WHERE id = ?2`,
    );
  }
}
